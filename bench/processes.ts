import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

/** A Node process under measurement. */
export type Measured = {
  /** Resolves when so many lines of its output have matched; the match of the last. */
  readonly lines: (pattern: RegExp, count?: number) => Promise<RegExpExecArray>;
  /** Resident memory in bytes. */
  readonly rss: () => number;
  /** Seconds of processor time so far, in user and kernel mode. */
  readonly cpuSeconds: () => number;
  /** Bytes of JavaScript heap in use after a full collection. Opens the inspector, which itself takes memory. */
  readonly liveHeap: () => Promise<number>;
  readonly stop: () => Promise<void>;
};

/** Runs `node` with these arguments, and with `env` on top of this process's own. */
export function measured(args: readonly string[], env: Record<string, string> = {}): Measured {
  const child = spawn(process.execPath, ['--inspect-port=0', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seen: string[] = [];
  const watchers = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr])
    createInterface(stream).on('line', line => {
      seen.push(line);
      for (const watch of watchers) watch(line);
    });
  const ended = once(child, 'exit');

  function lines(pattern: RegExp, count = 1): Promise<RegExpExecArray> {
    let left = count;
    return new Promise((resolve, reject) => {
      const watch = (line: string) => {
        const match = pattern.exec(line);
        if (!match || --left > 0) return;
        watchers.delete(watch);
        resolve(match);
      };
      watchers.add(watch);
      for (const line of seen) if (watchers.has(watch)) watch(line);
      void ended.then(([code]) => reject(new Error(`exit ${code}: ${seen.slice(-5).join('\n')}`)));
    });
  }

  return {
    lines,
    rss: () => Number(/^VmRSS:\s*(\d+) kB/m.exec(procFile(child, 'status'))?.[1]) * 1024,
    cpuSeconds() {
      // After the name in brackets; utime and stime are fields 14 and 15, in hundredths of a second (man 5 proc).
      const fields = procFile(child, 'stat')
        .replace(/^.*\) /, '')
        .split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    async liveHeap() {
      child.kill('SIGUSR1');
      const [, url = ''] = await lines(/^Debugger listening on (ws:\S+)/);
      const inspector = new WebSocket(url);
      await once(inspector, 'open');
      const ask = async (id: number, method: string): Promise<{ result: { usedSize: number } }> => {
        inspector.send(JSON.stringify({ id, method }));
        for (;;) {
          const [answer] = await once(inspector, 'message');
          const parsed = JSON.parse(String(answer));
          if (parsed.id === id) return parsed;
        }
      };
      await ask(1, 'HeapProfiler.collectGarbage');
      const { result } = await ask(2, 'Runtime.getHeapUsage');
      inspector.terminate();
      return result.usedSize;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const procFile = ({ pid }: ChildProcess, name: string): string =>
  readFileSync(`/proc/${pid}/${name}`, 'utf8');
