import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import Sqlite from 'better-sqlite3';
import { WebSocket } from 'ws';
import type { Bearing, IoHook, IoPoint } from './io-point.ts';
import { watchThreads } from './threads.ts';

type Call = (this: unknown, ...args: unknown[]) => unknown;

/** Reads from a pipe wait in the system, where nothing of Node ends them. */
const { openSync } = fs;

function bear(bearing: Bearing | undefined): void {
  if (!bearing) return;
  if ('pipe' in bearing) openSync(bearing.pipe, 'r');
  else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, bearing.ms);
}

/**
 * From now on calls `hook` around every statement of SQLite, frame of a WebSocket and change of a file in the folder, also
 * around those of the database's thread, which waits meanwhile.
 */
export function watchIo(folder: string, hook: IoHook): void {
  watchIoHere(folder, hook);
  watchThreads(folder, hook);
}

/** The same of this thread alone. */
export function watchIoHere(folder: string, hook: IoHook): void {
  const around = (
    target: object,
    name: string,
    io: (self: unknown, args: unknown[]) => Pick<IoPoint, 'kind' | 'what'> | undefined,
  ) => {
    const methods = target as Record<string, Call>;
    const original = methods[name] as Call;
    methods[name] = function (...args) {
      const point = io(this, args);
      if (point) bear(hook({ ...point, moment: 'before' }));
      const result = original.apply(this, args);
      // A read leaves nothing behind: the moment after it is the one before whatever comes next.
      if (point && point.kind !== 'read') bear(hook({ ...point, moment: 'after' }));
      return result;
    };
  };

  const memory = new Sqlite(':memory:');
  const statement = Object.getPrototypeOf(memory.prepare('select 1')) as object;
  memory.close();
  for (const name of ['run', 'get', 'all'])
    around(statement, name, self => {
      const sql = (self as Sqlite.Statement).source.replace(/\s+/g, ' ').trim();
      return { kind: /^select/i.test(sql) ? 'read' : 'write', what: sql.slice(0, 60) };
    });

  around(WebSocket.prototype, 'send', () => ({ kind: 'send', what: 'a frame to WhatsApp' }));
  around(WebSocket.prototype, 'emit', (_, [event]) =>
    event === 'message' ? { kind: 'receive', what: 'a frame from WhatsApp' } : undefined,
  );

  for (const name of [
    'mkdirSync',
    'writeFileSync',
    'linkSync',
    'renameSync',
    'rmSync',
    'openSync',
    'fsyncSync',
  ])
    around(fs, name, (_, [path]) =>
      typeof path === 'number' || String(path).startsWith(folder) ? { kind: 'file', what: name } : undefined,
    );
  syncBuiltinESMExports();
}
