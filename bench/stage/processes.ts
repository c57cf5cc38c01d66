import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A process under measurement. */
export type Measured = {
  /** The lines of output that match; to be watched from the start. */
  readonly watch: (pattern: RegExp) => Watched;
  /** Resident memory in bytes. */
  readonly rss: () => number;
  /** Seconds of processor time so far, in user and kernel mode. */
  readonly cpuSeconds: () => number;
  /** Bytes of JavaScript heap in use after a full collection, of a Node that was started with `TELLS_HEAP`. */
  readonly liveHeap: () => Promise<number | undefined>;
  readonly stop: () => Promise<void>;
};

export type Watched = {
  readonly count: () => number;
  /** Resolves with the match that makes so many; rejects when the process ends before. */
  readonly reached: (count: number) => Promise<RegExpExecArray>;
};

/** The environment of a `node` whose heap is to be measured; it starts later for that. */
export const TELLS_HEAP = {
  NODE_OPTIONS: `--expose-gc --import=${new URL('./tell-heap.js', import.meta.url).href}`,
} as const;

/** Runs `node` with these arguments, and with `env` on top of this process's own. */
export const measured = (args: readonly string[], env: Record<string, string> = {}): Measured =>
  measuredProgram(process.execPath, args, env);

/** The same of any program. */
export function measuredProgram(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Measured {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
  const lastLines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr])
    createInterface(stream).on('line', line => {
      if (lastLines.push(line) > 5) lastLines.shift();
      for (const listener of listeners) listener(line);
    });
  const ended = once(child, 'exit');
  const kill = () => child.kill('SIGKILL'); // None outlives a bench that fails.
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));

  function watch(pattern: RegExp): Watched {
    const waiting = new Map<number, (match: RegExpExecArray) => void>();
    let count = 0;
    let last: RegExpExecArray | undefined;
    listeners.add(line => {
      const match = pattern.exec(line);
      if (!match) return;
      last = match;
      waiting.get(++count)?.(match);
    });
    return {
      count: () => count,
      reached: wanted =>
        new Promise((resolve, reject) => {
          if (last && count >= wanted) resolve(last);
          else waiting.set(wanted, resolve);
          void ended.then(([code]) => reject(new Error(`it ended with ${code}: ${lastLines.join('\n')}`)));
        }),
    };
  }

  return {
    watch,
    rss: () => Number(/^VmRSS:\s*(\d+) kB/m.exec(procFile(child, 'status'))?.[1]) * 1024,
    cpuSeconds() {
      // After the name in brackets; utime and stime are fields 14 and 15, in hundredths of a second (man 5 proc).
      const fields = procFile(child, 'stat')
        .replace(/^.*\) /, '')
        .split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    async liveHeap() {
      if (program !== process.execPath || env['NODE_OPTIONS'] !== TELLS_HEAP.NODE_OPTIONS) return undefined;
      const told = watch(/^heap (\d+)$/);
      child.kill('SIGUSR2');
      return Number((await told.reached(1))[1]);
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const procFile = ({ pid }: ChildProcess, name: string): string =>
  readFileSync(`/proc/${pid}/${name}`, 'utf8');
