import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** What a process holds after a full collection. */
export type Held = {
  /** Bytes of JavaScript heap in use, and of resident memory. */
  readonly heap: number;
  readonly rss: number;
  /** As `process.getActiveResourcesInfo` names timers, sockets and the like. */
  readonly resources: readonly string[];
  /** Open file descriptors. */
  readonly files: number;
};

const ROOT = join(import.meta.dirname, '../../..');

/** The built service in a process of its own. */
export type ServiceUnderLoad = Awaited<ReturnType<typeof serviceUnderLoad>>;

/** Starts the built service in a process of its own that tells what it holds. */
export async function serviceUnderLoad(env: Record<string, string>) {
  const preload = join(ROOT, 'test/soak/child/preload.ts');
  const child = spawn(process.execPath, [`--import=${preload}`, join(ROOT, 'dist/bin.js'), 'serve'], {
    env: { ...process.env, ...env },
    // Everything it logs is made and thrown away.
    stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
  });
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`the service ended (${signal ?? code})`);
  });
  ended.catch(() => undefined); // Whoever asks next is told.
  const [line] = await Promise.race([once(child.stdout as Readable, 'data'), ended]);
  return {
    address: String(line).replace('wa-privacy listening on', '').trim(),
    async held(): Promise<Held> {
      const answer = once(child, 'message');
      child.send('tell');
      const [held] = await Promise.race([answer, ended]);
      return held as Held;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended.catch(() => undefined);
    },
  };
}
