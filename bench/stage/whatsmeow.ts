import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { deviceOf } from './device.js';
import type { Identity } from './seed.js';

const SOURCES = 'bench/peers/whatsmeow';
const BINARY = resolve('dist/bench/peers/whatsmeow');
/** With nothing in Go's caches it takes two minutes of one processor. */
const BUILD_MS = 600_000;

/** The program, or why there is none. */
export type Built = { readonly binary: string } | { readonly missing: string };

let built: Promise<Built> | undefined;
/** Builds the program over whatsmeow, once for a run. */
export const whatsmeow = (): Promise<Built> => (built ??= build());

async function build(): Promise<Built> {
  try {
    // Its SQLite is C: without a compiler for that it would be built all the same, and open no database.
    const env = { ...process.env, CGO_ENABLED: '1' };
    await run('go', ['build', '-o', BINARY, '.'], { cwd: SOURCES, timeout: BUILD_MS, env });
    return { binary: BINARY };
  } catch (cause) {
    return { missing: reason(cause) };
  }
}

const run = promisify(execFile);

const reason = (cause: unknown): string => {
  const { code, stderr } = cause as { code?: unknown; stderr?: string };
  if (code === 'ENOENT') return 'Go is not installed';
  return stderr?.trim().split('\n').at(-1) || String(cause);
};

/** Writes the database of a program that has so many accounts, unless that was done; gives its file. */
export async function writeDevices(
  binary: string,
  folder: string,
  accounts: readonly Identity[],
): Promise<string> {
  const file = join(folder, `whatsmeow-${accounts.length}.db`);
  if (existsSync(file)) return file;
  const storing = run(binary, ['store', file]);
  storing.child.stdin?.end(JSON.stringify(accounts.map(deviceOf)));
  await storing;
  return file;
}
