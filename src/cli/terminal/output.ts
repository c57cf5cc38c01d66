import type { SpinnerResult } from '@clack/prompts';
import Table from 'cli-table3';

/** How a command talks to whoever called it. */
export type Output = {
  /** Whether JSON was asked for; then nothing else goes to stdout. */
  readonly json: boolean;
  /** Whether a person looks at stdout, as text. */
  readonly terminal: boolean;
  /** Prints a result: one JSON document, or the text. */
  print(document: unknown, text: () => string): void;
  /** Shows on a terminal that something is being waited for. */
  progress<T>(text: string, work: Promise<T>): Promise<T>;
  /** As `progress`, with a bar that each `advance` brings nearer to the end. */
  count<T>(text: string, total: number, work: (advance: () => void) => Promise<T>): Promise<T>;
};

/** Prints to stdout; progress goes to stderr, so that stdout stays clean. */
export const createOutput = (json: boolean): Output => {
  process.stdout.once('error', () => process.exit(1)); // the reader has gone, as with `| head`
  const terminal = !json && process.stdout.isTTY && process.stderr.isTTY;
  return {
    json,
    terminal,
    print: (document, text) => void process.stdout.write(`${json ? JSON.stringify(document) : text()}\n`),
    progress: (text, work) => (terminal ? spin(text, work) : work),
    count: (text, total, work) => (terminal ? bar(text, total, work) : work(() => undefined)),
  };
};

async function spin<T>(text: string, work: Promise<T>): Promise<T> {
  const { spinner } = await import('@clack/prompts');
  return whileShown(spinner(SHOWN), text, () => work);
}

async function bar<T>(text: string, total: number, work: (advance: () => void) => Promise<T>): Promise<T> {
  const { progress } = await import('@clack/prompts');
  const shown = progress({ ...SHOWN, max: total });
  let done = 0;
  const advance = () => shown.advance(1, `${text} ${++done} of ${total}`);
  return whileShown(shown, text, () => work(advance));
}

const SHOWN = { output: process.stderr, withGuide: false, onCancel: () => process.exit(130) };

async function whileShown<T>(shown: SpinnerResult, text: string, work: () => Promise<T>): Promise<T> {
  // The spinner ends the process with 0 when Ctrl-C is pressed; an interrupted call is no success.
  const interrupted = () => {
    process.exitCode = 130;
  };
  process.once('exit', interrupted);
  shown.start(text);
  try {
    return await work();
  } finally {
    shown.clear();
    process.off('exit', interrupted);
  }
}

/** Text from elsewhere without control characters, which could command the terminal. */
export const plain = (text: string): string => text.replace(/\p{Cc}/gu, '\u{FFFD}');

/** Rows under a head, in columns; cells are made plain. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const grid = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  for (const row of rows) grid.push(row.map(plain));
  return grid.toString();
}

/** Lines of `name  value`; what is empty or undefined is left out. */
export function fields(pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => Boolean(pair[1]));
  const width = Math.max(...shown.map(([name]) => name.length)) + 2;
  return shown.map(([name, value]) => `${name.padEnd(width)}${plain(value)}`).join('\n');
}

/**
 * The JSON form of a message. ts-proto throws on an enum number newer than this build; then every enum of the
 * message is a number, which JSON allows too.
 */
export function toJson<T>(type: { toJSON(message: T): unknown }, message: T): unknown {
  try {
    return type.toJSON(message);
  } catch {
    return JSON.parse(
      JSON.stringify(message, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    );
  }
}
