import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Caller, caller } from '../../support/call.js';
import type { Disk, Done, Order } from './orders.js';

const TESTS = join(import.meta.dirname, '../..');
const ARGUMENTS = [
  `--import=${join(TESTS, 'stores/child/typescript.mjs')}`,
  `--import=${join(TESTS, 'fire/child/preload.ts')}`,
  join(TESTS, '../dist/bin.js'),
  'serve',
];

/** The built service in a process of its own. */
export type ServiceProcess = {
  /** A client, once it serves; rejects with what it said when it ended instead. */
  readonly client: Promise<Caller & { readonly address: string }>;
  /** Fulfils when the process is gone: its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  isAlive(): boolean;
  /** What it wrote to stderr so far. */
  log(): string;
  /** Lets it serve and counts its I/O. */
  serve(killAt?: number): Promise<void>;
  /** Counts its I/O from here. */
  count(killAt?: number): Promise<void>;
  /** The points of I/O it passed since it began to count. */
  points(): Promise<readonly string[]>;
  /** The most memory that it ever had. */
  peakBytes(): Promise<number>;
  disk(disk: Disk): Promise<void>;
  /** Sends a signal that should not end it. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it and waits. */
  end(signal: NodeJS.Signals): Promise<number | string>;
};

/** How a process differs from the usual. */
export type Surroundings = {
  readonly env?: Record<string, string | undefined>;
  /** The system refuses to let any file grow beyond this many bytes, or twice as many. */
  readonly maxFileBytes?: number;
  /** A file that takes its log. */
  readonly stderr?: number;
};

/** Starts a process that loads the service and waits to be told to serve. */
export function serviceProcess({ env, maxFileBytes, stderr }: Surroundings, token: string): ServiceProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('WA_PRIVACY_'));
  const node = [process.execPath, ...ARGUMENTS];
  // Blocks are 512 bytes to some shells and 1024 to others.
  const limited = ['sh', '-c', 'ulimit -f "$0" && exec "$@"', `${Math.ceil((maxFileBytes ?? 0) / 512)}`];
  const [command = '', ...args] = maxFileBytes === undefined ? node : [...limited, ...node];
  const child = spawn(command, args, {
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', stderr ?? 'pipe', 'ipc'],
  });
  const text = { stdout: '', stderr: '' };
  const client = Promise.withResolvers<Caller & { address: string }>();
  client.promise.catch(() => undefined); // Not every test asks for it.
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
      const [, address] = /^wa-privacy listening on (\S+)\n/.exec(text.stdout) ?? [];
      if (address !== undefined) client.resolve({ ...caller(address, token), address });
    });
  const ended = once(child, 'close').then(([code, signal]): number | string => {
    client.reject(new Error(`the service ended (${signal ?? code}): ${text.stderr}`));
    void client.promise.then(open => open.close()).catch(() => undefined);
    return signal ?? code;
  });

  const obey = async (order: Order): Promise<Done> => {
    const answered = once(child, 'message');
    child.send(order);
    const gone = ended.then(() => Promise.reject(new Error('the service has ended')));
    const [done] = await Promise.race([answered, gone]);
    return done;
  };
  return {
    client: client.promise,
    ended,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    log: () => text.stderr,
    serve: async killAt => void (await obey({ do: 'serve', killAt })),
    count: async killAt => void (await obey({ do: 'count', killAt })),
    points: async () => (await obey({ do: 'tell' })).points,
    peakBytes: async () => (await obey({ do: 'tell' })).peakBytes,
    disk: async disk => void (await obey({ do: 'disk', disk })),
    signal: signal => void child.kill(signal),
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}
