import { syncBuiltinESMExports } from 'node:module';
import workerThreads, {
  BroadcastChannel,
  getEnvironmentData,
  setEnvironmentData,
  type WorkerOptions,
} from 'node:worker_threads';
import Sqlite from 'better-sqlite3';
import type { Bearing, IoHook, IoPoint } from './io-point.ts';

/** What a thread is told of a point: how it bears, or the error in place of the I/O. */
type Verdict = { readonly bearing?: Bearing; readonly error?: { message: string; code: string } };
type Question = { readonly point: IoPoint; readonly memory: SharedArrayBuffer };

const NAME = 'points of I/O';
const BYTES = 4096;
const parts = (memory: SharedArrayBuffer) => ({
  /** Whether there is a verdict, and how long it is. */
  state: new Int32Array(memory, 0, 2),
  text: new Uint8Array(memory, 8),
});

/** From now on each point of I/O of the database's thread is put before `hook` in this one. */
export function watchThreads(folder: string, hook: IoHook): void {
  setEnvironmentData(NAME, folder);
  const channel = new BroadcastChannel(NAME);
  channel.onmessage = ({ data }: { data: unknown }) => {
    const { point, memory } = data as Question;
    const { state, text } = parts(memory);
    const verdict = Buffer.from(JSON.stringify(verdictOf(() => hook(point))));
    text.set(verdict);
    Atomics.store(state, 1, verdict.length);
    Atomics.store(state, 0, 1);
    Atomics.notify(state, 0);
  };
  channel.unref();

  workerThreads.Worker = class extends workerThreads.Worker {
    constructor(file: string | URL, options: WorkerOptions) {
      const preload = `--import=${new URL('../child/thread.ts', import.meta.url).href}`;
      super(file, options.name === 'database' ? { ...options, execArgv: [preload] } : options);
    }
  };
  syncBuiltinESMExports();
}

/** In a thread: what it is told to watch, and the hook that puts a point before the thread that watches. */
export function watchedFrom(): { readonly folder: string; readonly hook: IoHook } {
  const memory = new SharedArrayBuffer(8 + BYTES);
  const { state, text } = parts(memory);
  const channel = new BroadcastChannel(NAME);
  channel.unref();
  return {
    folder: getEnvironmentData(NAME) as string,
    hook(point) {
      Atomics.store(state, 0, 0);
      channel.postMessage({ point, memory } satisfies Question);
      Atomics.wait(state, 0, 0);
      const told = Buffer.from(text.slice(0, Atomics.load(state, 1))).toString();
      const { bearing, error } = JSON.parse(told) as Verdict;
      if (error) throw new Sqlite.SqliteError(error.message, error.code);
      return bearing;
    },
  };
}

function verdictOf(hook: () => Bearing | undefined): Verdict {
  try {
    const bearing = hook();
    return bearing ? { bearing } : {};
  } catch (error) {
    if (error instanceof Sqlite.SqliteError) return { error: { message: error.message, code: error.code } };
    throw error;
  }
}
