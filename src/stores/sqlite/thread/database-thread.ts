import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Database } from './database.js';
import type { Answer, Opened, Ran, Request, Row, Work } from './protocol.js';

/**
 * A database on a thread of its own, which alone has it open: a disk that is slow, or hangs, keeps only those waiting who
 * ask. What has come while the thread was at work goes into its next commit together. Rejects when another process has
 * the file open. With a thread that ends unasked the process ends too.
 */
export async function databaseThread(file: string): Promise<Database> {
  // An entry of its own, also where the program is bundled: a thread starts with a file.
  const worker = new Worker(new URL(`./serve-database${extname(import.meta.url)}`, import.meta.url), {
    name: 'database',
    workerData: { file },
  });
  const [opened] = (await once(worker, 'message')) as [Opened];
  if ('error' in opened) throw errorOf(opened);

  type Waiting = { readonly give: (ran: Ran) => void; readonly fail: (error: unknown) => void };
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let end: { readonly cause: Error } | undefined;
  let closing: Promise<void> | undefined;

  worker.on('message', (answers: readonly Answer[]) => {
    for (const answer of answers) {
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ('ran' in answer) asked?.give(answer.ran);
      else asked?.fail(errorOf(answer));
    }
  });

  function endWith(cause: Error) {
    end ??= { cause };
    for (const { fail } of waiting.values()) fail(cause);
    waiting.clear();
  }
  worker.on('error', error => {
    endWith(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  worker.on('exit', code => {
    if (closing) return endWith(new Error('The database is closed'));
    if (end) return;
    endWith(new Error(`The thread of the database has ended (${code})`));
    throw end;
  });

  function post(work: Work): number {
    const request: Request = { id: ++lastId, work };
    worker.postMessage(request);
    return request.id;
  }

  function ask(work: Work): { readonly id: number; readonly ran: Promise<Ran> } {
    const { promise: ran, resolve: give, reject: fail } = Promise.withResolvers<Ran>();
    if (end || closing) {
      fail(end?.cause ?? new Error('The database is closed'));
      return { id: 0, ran };
    }
    const id = post(work);
    waiting.set(id, { give, fail });
    return { id, ran };
  }

  async function closeNow() {
    const gone = once(worker, 'exit');
    const { ran } = ask({ kind: 'close' });
    await ran;
    await gone;
  }

  return {
    async transact(steps) {
      const ran = await ask({ kind: 'transaction', steps }).ran;
      for (const { rows } of ran.results) rows.forEach(reviveBlobs);
      return ran;
    },

    async alone(sql) {
      await ask({ kind: 'alone', sql }).ran;
    },

    async backUp(to, signal) {
      signal.throwIfAborted();
      const { id, ran } = ask({ kind: 'backup', to });
      const cancel = () => void post({ kind: 'cancel', backup: id });
      signal.addEventListener('abort', cancel);
      try {
        await ran;
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    },

    close: () => (closing ??= closeNow()),
  };
}

/** Messages between threads make plain arrays of them. */
function reviveBlobs(row: Row): void {
  for (const [column, value] of Object.entries(row))
    if (value instanceof Uint8Array)
      row[column] = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** The error as it was in the thread, with its code. */
function errorOf({ error, code }: { readonly error?: unknown; readonly code?: unknown }): unknown {
  return error instanceof Error && code !== undefined ? Object.assign(error, { code }) : error;
}
