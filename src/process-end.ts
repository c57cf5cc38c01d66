import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

/** What runs in a thread of Node's pool, by the names of `process.getActiveResourcesInfo`. */
const IN_POOL = /^(FSReq|GetAddrInfoReq|GetNameInfoReq)/;
const POOL_MS = 200;

/**
 * Ends the process. Node joins its threads first, and would wait for ever for one that hangs in a system call: writing
 * to a terminal that has been stopped, or looking a name up.
 */
export async function endProcess(): Promise<never> {
  const isBusy = () => process.getActiveResourcesInfo().some(name => IN_POOL.test(name));
  for (let waited = 0; isBusy() && waited < POOL_MS; waited += 10) await setTimeout(10);
  if (isBusy()) process.kill(process.pid, 'SIGKILL');
  process.exit();
}

/**
 * Ends the process after so long, even when its main thread hangs in a system call, as on a disk that answers no more.
 * Only PID 1 of a container lives on: no signal of its own ends it.
 */
export function endAfter(ms: number): void {
  const worker = new Worker(
    `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${ms});
    process.kill(process.pid, 'SIGKILL');`,
    { eval: true, execArgv: [] },
  );
  worker.on('error', () => undefined);
  worker.unref();
}
