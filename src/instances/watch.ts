import { PrivacyError } from '../domain/errors.js';
import type { Snapshot } from '../domain/snapshot.js';
import {
  DELETED,
  isSame,
  type Origins,
  type Sight,
  sightOf,
  type Unavailable,
  type Watched,
} from './sight.js';
import { type WatchEvent, watchReader } from './watch-reader.js';

/** What the instances of a node tell those who watch them. */
export interface WatchHub {
  added(instance: string): void;
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

/** Nothing is watched yet. */
export function watchHub(): WatchHub {
  const all = new Map<string, Watched>();
  const readers = new Set<ReturnType<typeof watchReader>>();

  function show(instance: string, sight: Sight, origins?: Origins) {
    const watched = all.get(instance);
    if (!watched) return;
    const before = watched.sight;
    watched.sight = sight;
    if (isSame(before, sight)) return;
    for (const reader of readers) reader.notice(watched, origins);
  }

  return {
    added: instance => void all.set(instance, { instance, sight: { kind: 'nothing' } }),
    observed: (instance, snapshot, origins) => show(instance, sightOf(snapshot), origins),
    unavailable: (instance, why) => show(instance, { kind: 'unavailable', ...why }),
    removed(instance) {
      show(instance, DELETED);
      all.delete(instance);
    },
    async *watch(names, heartbeatMs, signal) {
      const wanted = names?.map(instance => {
        const watched = all.get(instance);
        if (!watched) throw new PrivacyError({ kind: 'INSTANCE_NOT_FOUND', instance });
        return watched;
      });
      const reader = watchReader(wanted ?? byName(all.values()), wanted === undefined);
      readers.add(reader);
      try {
        yield* reader.events(heartbeatMs, signal);
      } finally {
        readers.delete(reader);
      }
    },
  };
}

const byName = (all: Iterable<Watched>): Watched[] =>
  [...all].sort((a, b) => (a.instance < b.instance ? -1 : 1));
