import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

/** What runs in a thread of Node's pool or in one of ours, by the names of `process.getActiveResourcesInfo`. */
const IN_THREAD = /^(FSReq|GetAddrInfoReq|GetNameInfoReq|MessagePort)/;
const THREADS_MS = 5_000;

/**
 * Ends the process. Node joins its threads first, and would wait for ever for one that hangs in a system call, such as
 * a write to a terminal that was stopped, or to a disk that answers no more; looking a name up ends by itself, but late.
 */
export async function endProcess(): Promise<never> {
  const isBusy = () => process.getActiveResourcesInfo().some(name => IN_THREAD.test(name));
  if (isBusy()) endAfter(THREADS_MS);
  while (isBusy()) await setTimeout(10);
  process.exit();
}

/**
 * Ends the process after so long, even when a thread of it hangs in a system call, as on a disk that answers no more.
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
