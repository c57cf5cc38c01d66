import type { Snapshot } from '../../domain/settings/snapshot.js';
import type { Origins } from '../ports/store.js';
import { type WatchEvent, watchReader } from './watch-reader.js';
import {
  DELETED,
  isDeleted,
  isSameState,
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
  /** It was deleted; nothing comes of it any more. */
  removed(watched: Watched): void;
  /**
   * The settings of each of these, then what happens to them, until the signal aborts. A reader who falls behind gets
   * the newest state of each instance.
   *
   * @param takesNew Whether those that are added later are watched as well.
   */
  watch(
    initial: readonly Watched[],
    takesNew: boolean,
    heartbeatMs: number,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent>;
}

/** One who watches. */
type Watcher = {
  readonly reader: ReturnType<typeof watchReader>;
  readonly takesNew: boolean;
  /** What is watched stays connected. */
  readonly needs: Map<Watched, Disposable>;
};

/** Nothing is watched yet. */
export function watchHub(): WatchHub {
  const watchers = new Set<Watcher>();

  function show(watched: Watched, state: WatchedState, origins?: Origins) {
    if (isDeleted(watched)) return;
    const before = watched.state;
    watched.state = state;
    if (isSameState(before, state)) return;
    for (const { reader } of watchers) reader.notice(watched, origins);
  }

  return {
    added(watched) {
      for (const { takesNew, needs } of watchers) if (takesNew) needs.set(watched, watched.need());
    },
    connected: watched => show(watched, NOTHING),
    observed: (watched, snapshot, origins) => show(watched, watchedState(snapshot), origins),
    unavailable: (watched, why) => show(watched, { kind: 'unavailable', ...why }),
    removed(watched) {
      show(watched, DELETED);
      for (const { needs } of watchers) needs.delete(watched);
    },
    async *watch(initial, takesNew, heartbeatMs, signal) {
      const reader = watchReader(initial, takesNew);
      const watcher: Watcher = { reader, takesNew, needs: new Map() };
      watchers.add(watcher);
      try {
        for (const watched of initial) watcher.needs.set(watched, watched.need());
        yield* reader.events(heartbeatMs, signal);
      } finally {
        watchers.delete(watcher);
        for (const need of watcher.needs.values()) need[Symbol.dispose]();
      }
    },
  };
}
