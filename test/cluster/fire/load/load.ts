import { wishesOf } from '../support/draws.js';
import type { Scene } from '../support/scene.js';
import { type Applies, keepApplying } from './applying.js';
import { keepReading, type Reads } from './reading.js';
import { type Asked, keepUpdating, type Track } from './updating.js';

/** The last of the accounts are changed all at once, the others one by one. */
const APPLIED_SHARE = 1 / 3;

/** What came of a load. */
export type Loaded = {
  readonly tracks: readonly Track[];
  /** Of all accounts. */
  readonly asked: readonly Asked[];
  readonly reads: Reads;
  readonly applies: Applies;
};

/**
 * Updates, reads and changes all accounts of a scene, drawn from the seed, each kind over a client of its own.
 *
 * @param isPatient Whether callers give every update half a minute, and ask again when they are told that nobody can do
 *   it now, as the service config does for them where nothing is changed.
 */
export function startLoad(scene: Scene, seed: number, { isPatient = false } = {}) {
  const { desks, client } = scene;
  const over = new AbortController();
  const clients = { updating: client(), reading: client(), applying: client() };
  const updated = Math.ceil(desks.length * (1 - APPLIED_SHARE));
  const tracks = desks.slice(0, updated).map((desk): Track => ({ desk, asked: [], openFrom: undefined }));
  const wishes = (of: number) => wishesOf(of, isPatient ? [30_000] : undefined);
  const updating = tracks.map((one, index) =>
    keepUpdating(
      scene,
      clients.updating,
      one,
      { wishes: wishes(seed * 100 + index), isPatient },
      over.signal,
    ),
  );
  const reading = keepReading(scene, clients.reading, tracks, over.signal);
  const applying = keepApplying(
    clients.applying,
    desks.slice(updated),
    wishes(seed * 100 + updated),
    over.signal,
  );
  const work = Promise.all([reading, applying, Promise.all(updating)]);
  work.catch(() => over.abort()); // Told by `end`.

  return {
    /** Begins nothing more, and waits for what is under way. */
    async end(): Promise<Loaded> {
      over.abort();
      const [reads, applies] = await work;
      for (const each of Object.values(clients)) each.close();
      return { tracks, asked: tracks.flatMap(({ asked }) => asked), reads, applies };
    },
  };
}
