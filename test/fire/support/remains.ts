import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { watchIo } from './io.js';

/** The files of a folder by name. */
type Files = ReadonlyMap<string, Buffer>;

/** What a process that was killed leaves in a folder. */
export type Remains = {
  /** Where in its work it was killed. */
  readonly where: string;
  readonly files: Files;
};

/** Whoever looks finds it done or not done. */
const IS_ATOMIC = /(link|rename|rm|mkdir|open)Sync$/;

/** SQLite writes the header of a frame of its log, then the page: https://www.sqlite.org/fileformat2.html#walformat */
const LOG_HEADER = 32;
const FRAME_HEADER = 24;
const PAGE = 4096;

/**
 * Watches folders below `root` for what a process would leave that is killed at work on one. SIGKILL takes away no byte
 * that the system was given, so that the files as they are at a moment are what the next start finds.
 */
export function watchRemains(root: string) {
  let look: ((where: string) => void) | undefined;
  watchIo(root, ({ moment, kind, what }) => {
    const looking = look;
    look = undefined; // Looking is I/O itself.
    looking?.(`${moment} ${kind}: ${what}`);
    look = looking;
    return undefined;
  });

  return {
    /** All that the work can leave of the folder: once for each point of I/O, and for each write within it. */
    async of(folder: string, work: () => Promise<unknown>): Promise<Remains[]> {
      const remains: Remains[] = [{ where: 'before all', files: filesIn(folder) }];
      look = where => {
        const files = filesIn(folder);
        const last = remains.at(-1)?.files ?? new Map();
        if (same(last, files)) return;
        if (!IS_ATOMIC.test(where))
          for (const between of written(last, files))
            remains.push({ where: `within ${where}`, files: between });
        remains.push({ where, files });
      };
      try {
        await work();
        look('at the end');
      } finally {
        look = undefined;
      }
      return remains;
    },
  };
}

/** Makes a folder of it. */
export function leave({ files }: Remains, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes, { mode: 0o600 });
}

const filesIn = (folder: string): Files =>
  new Map(
    existsSync(folder) ? readdirSync(folder).map(name => [name, readFileSync(join(folder, name))]) : [],
  );

const same = (one: Files, other: Files): boolean =>
  one.size === other.size && [...one].every(([name, bytes]) => other.get(name)?.equals(bytes));

/** What can be seen between two moments: files are written from their beginning on, the log before all others. */
function* written(before: Files, after: Files): Generator<Files> {
  const files = new Map(before);
  const names = [...after.keys()].sort((a, b) => Number(b.endsWith('-wal')) - Number(a.endsWith('-wal')));
  for (const name of names) {
    const [old, now] = [before.get(name) ?? Buffer.of(), after.get(name) ?? Buffer.of()];
    if (old.equals(now) || now.length < old.length) continue;
    for (const cut of cutsOf(name, old, now)) {
      files.set(name, Buffer.concat([now.subarray(0, cut), old.subarray(cut)]));
      yield new Map(files);
    }
    files.set(name, now);
    yield new Map(files);
  }
}

/** Where writing a file can have come to, from the first byte that is new. */
function cutsOf(name: string, old: Buffer, now: Buffer): number[] {
  const from = now.findIndex((byte, index) => byte !== old[index]);
  const cuts = name.endsWith('-wal')
    ? [0, LOG_HEADER, ...frames(now.length)]
    : name.endsWith('.db')
      ? Array.from({ length: now.length / PAGE }, (_, page) => page * PAGE)
      : [0, now.length >> 1];
  return cuts.filter(cut => cut >= from && cut < now.length);
}

const frames = (length: number): number[] =>
  Array.from({ length: Math.floor((length - LOG_HEADER) / (FRAME_HEADER + PAGE)) }, (_, frame) => {
    const start = LOG_HEADER + frame * (FRAME_HEADER + PAGE);
    return [start, start + FRAME_HEADER];
  }).flat();
