import { spawn } from 'node:child_process';
import { join } from 'node:path';

const BIN = join(import.meta.dirname, '../../../dist/bin.js');

/** How a command ended. */
export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs the built command line as a user would, without this process' WA_PRIVACY_ variables. */
export function run(
  args: readonly string[],
  options: {
    env?: Record<string, string>;
    cwd?: string;
    node?: readonly string[];
    /** What stands on standard input; nothing where not given, unless `answer` types it. */
    input?: string;
    /** Called with stdout as it grows; ask the command to stop (SIGTERM) with the function given. */
    watch?: (stdout: string, stop: () => void) => void;
    /** Called likewise; types lines into the command with the function given. Without it nobody can. */
    answer?: (stdout: string, type: (line: string) => void) => void;
    /** Whether it runs on a terminal, by `script` of util-linux; stdout then holds stderr too, and what was typed. */
    terminal?: boolean;
  } = {},
): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('WA_PRIVACY_'));
  const command = [process.execPath, ...(options.node ?? []), BIN, ...args];
  const quoted = command.map(word => `'${word}'`).join(' ');
  const [file = '', ...rest] = options.terminal ? ['script', '-qec', quoted, '/dev/null'] : command;
  const child = spawn(file, rest, {
    env: { ...Object.fromEntries(inherited), ...options.env },
    cwd: options.cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined); // It did not want it.
  if (!options.answer) child.stdin.end(options.input);
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
      if (name === 'stderr') return;
      options.watch?.(text.stdout, () => child.kill('SIGTERM'));
      options.answer?.(text.stdout, line => child.stdin?.write(`${line}\n`));
    });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => resolve({ code, ...text }));
  });
}
