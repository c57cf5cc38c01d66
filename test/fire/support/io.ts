import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import Sqlite from 'better-sqlite3';
import { WebSocket } from 'ws';

/** A moment at which this process is about to do I/O, or has just done it. */
export type IoPoint = {
  readonly kind: 'read' | 'write' | 'send' | 'receive' | 'file';
  readonly moment: 'before' | 'after';
  /** The SQL, or what is done in words. */
  readonly what: string;
};

type Call = (this: unknown, ...args: unknown[]) => unknown;

/**
 * From now on calls `hook` around every statement of SQLite, frame of a WebSocket and change of a file in the folder.
 * The hook may take its time, throw in place of the I/O, or end the process.
 */
export function watchIo(folder: string, hook: (point: IoPoint) => void): void {
  const around = (
    target: object,
    name: string,
    io: (self: unknown, args: unknown[]) => Pick<IoPoint, 'kind' | 'what'> | undefined,
  ) => {
    const methods = target as Record<string, Call>;
    const original = methods[name] as Call;
    methods[name] = function (...args) {
      const point = io(this, args);
      if (point) hook({ ...point, moment: 'before' });
      const result = original.apply(this, args);
      // A read leaves nothing behind: the moment after it is the one before whatever comes next.
      if (point && point.kind !== 'read') hook({ ...point, moment: 'after' });
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
