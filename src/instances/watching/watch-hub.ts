import { PrivacyError } from '../../domain/errors.js';
import type { Snapshot } from '../../domain/settings/snapshot.js';
import type { Origins } from '../account/ports.js';
import { type WatchEvent, watchReader } from './watch-reader.js';
import {
  DELETED,
  isSameState,
  type Unavailable,
  type Watched,
  type WatchedState,
  watchedState,
} from './watched-state.js';

/** What the instances of a node tell those who watch them. */
export interface WatchHub {
  /** @param need Keeps it connected as long as it is watched. */
  added(instance: string, need: () => Disposable): void;
  /** A read of a connected instance; `origins` tells of what changed since the one before. */
  observed(instance: string, snapshot: Snapshot, origins: Origins): void;
  unavailable(instance: string, why: Unavailable): void;
  removed(instance: string): void;
  /**
   * The settings of each instance, then what happens to them, until the signal aborts. A reader who falls behind gets
   * the newest state of each instance.
   *
   * @param names Undefined for all, later ones included.
   * @throws PrivacyError INSTANCE_NOT_FOUND
   */
  watch(
    names: readonly string[] | undefined,
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
  const all = new Map<string, Watched>();
  const watchers = new Set<Watcher>();

  function show(instance: string, sight: WatchedState, origins?: Origins) {
    const watched = all.get(instance);
    if (!watched) return;
    const before = watched.state;
    watched.state = sight;
    if (isSameState(before, sight)) return;
    for (const { reader } of watchers) reader.notice(watched, origins);
  }

  return {
    added(instance, need) {
      const watched: Watched = { instance, need, state: { kind: 'nothing' } };
      all.set(instance, watched);
      for (const { takesNew, needs } of watchers) if (takesNew) needs.set(watched, need());
    },
    observed: (instance, snapshot, origins) => show(instance, watchedState(snapshot), origins),
    unavailable: (instance, why) => show(instance, { kind: 'unavailable', ...why }),
    removed(instance) {
      const watched = all.get(instance);
      if (!watched) return;
      show(instance, DELETED);
      all.delete(instance);
      for (const { needs } of watchers) needs.delete(watched);
    },
    async *watch(names, heartbeatMs, signal) {
      const wanted = names?.map(instance => {
        const watched = all.get(instance);
        if (!watched) throw new PrivacyError({ kind: 'INSTANCE_NOT_FOUND', instance });
        return watched;
      });
      const initial = wanted ?? byName(all.values());
      const takesNew = wanted === undefined;
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

const byName = (all: Iterable<Watched>): Watched[] =>
  [...all].sort((a, b) => (a.instance < b.instance ? -1 : 1));
