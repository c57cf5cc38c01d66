import { matches, type Selector } from '../../domain/labels/selector.js';
import type { Snapshot } from '../../domain/settings/snapshot.js';
import type { Origins } from '../ports/history.js';
import type { HistoryFeed } from './history-feed.js';
import { type WatchEvent, watchReader } from './watch-reader.js';
import {
  DELETED,
  isOver,
  isSameState,
  MOVED,
  NOTHING,
  type Unavailable,
  type Watched,
  type WatchedState,
  watchedState,
} from './watched-state.js';

/** What the instances of a node tell those who watch them. Which instances there are, its callers know. */
export interface WatchHub {
  /** One more that can be watched. */
  added(watched: Watched): void;
  /** It is connected, and nothing is known of its settings yet: who begins to watch waits for them. */
  connected(watched: Watched): void;
  /** A read of a connected instance; `origins` tells of what changed since the one before. */
  observed(watched: Watched, snapshot: Snapshot, origins: Origins): void;
  unavailable(watched: Watched, why: Unavailable): void;
  /** It has other labels. */
  relabelled(watched: Watched): void;
  /** It was deleted; nothing comes of it any more. */
  removed(watched: Watched): void;
  /** It runs here no longer, of which nobody is told; what is told of it next is of another `Watched` with its uid. */
  moved(watched: Watched): void;
  /**
   * The settings of each of these, then what happens to them, until the signal aborts. A reader who falls behind gets
   * the newest state of each instance, and every entry of the history.
   */
  watch(whom: Whom, heartbeatMs: number, signal: AbortSignal): AsyncIterable<WatchEvent>;
}

/** What somebody watches. */
export type Whom = {
  readonly candidates: readonly Watched[];
  /** Those that may be added later: of these uids, for they ran elsewhere; undefined for all. */
  readonly uids: ReadonlySet<string> | undefined;
  /** Only candidates that it matches, while it does. */
  readonly selector: Selector;
  /** The entries of the history to tell; undefined for none. */
  readonly feed: HistoryFeed | undefined;
};

/** One who watches. */
type Watcher = {
  readonly reader: ReturnType<typeof watchReader>;
  readonly isWanted: (watched: Watched) => boolean;
  /** What is watched stays connected. */
  readonly needs: Map<Watched, Disposable>;
};

/** Nothing is watched yet. */
export function watchHub(): WatchHub {
  const watchers = new Set<Watcher>();

  function show(watched: Watched, state: WatchedState, origins?: Origins) {
    if (isOver(watched)) return;
    const before = watched.state;
    watched.state = state;
    if (isSameState(before, state)) return;
    for (const { reader } of watchers) reader.notice(watched, origins);
  }

  /** Keeps an instance connected for those who watch it, and for no others. */
  function settleNeeds(watched: Watched, { isWanted, needs }: Watcher) {
    const need = needs.get(watched);
    if (isWanted(watched)) {
      if (!need) needs.set(watched, watched.need());
    } else if (need) {
      needs.delete(watched);
      need[Symbol.dispose]();
    }
  }

  return {
    added(watched) {
      for (const watcher of watchers) settleNeeds(watched, watcher);
    },
    connected: watched => show(watched, NOTHING),
    observed: (watched, snapshot, origins) => show(watched, watchedState(snapshot), origins),
    unavailable: (watched, why) => show(watched, { kind: 'unavailable', ...why }),
    relabelled(watched) {
      if (isOver(watched)) return;
      for (const watcher of watchers) {
        settleNeeds(watched, watcher);
        watcher.reader.notice(watched);
      }
    },
    removed(watched) {
      show(watched, DELETED);
      for (const { needs } of watchers) needs.delete(watched);
    },
    moved(watched) {
      if (isOver(watched)) return;
      watched.state = MOVED;
      for (const { reader, needs } of watchers) {
        reader.moved(watched);
        needs.delete(watched);
      }
    },
    async *watch({ candidates, uids, selector, feed }, heartbeatMs, signal) {
      const isWanted = (watched: Watched) =>
        (uids?.has(watched.uid) ?? true) && matches(selector, watched.labels());
      const reader = watchReader(candidates, uids === undefined, isWanted);
      const watcher: Watcher = { reader, isWanted, needs: new Map() };
      watchers.add(watcher);
      try {
        for (const watched of candidates) settleNeeds(watched, watcher);
        yield* reader.events(heartbeatMs, signal, feed);
      } finally {
        watchers.delete(watcher);
        for (const need of watcher.needs.values()) need[Symbol.dispose]();
      }
    },
  };
}
