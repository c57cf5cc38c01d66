import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Makes the data folder when it is missing, for this user alone. */
export const makeDataFolder = (folder: string): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
};

const OF_OTHERS = 0o077;
const OF_EVERYBODY = 0o007;

/** What others may do with it; nothing on Windows, where modes tell nothing. */
const openness = (path: string, others: number): number =>
  process.platform === 'win32' ? 0 : statSync(path).mode & others;

/** Whether every user of this machine may look into a folder, or change it. */
export const isOpenToAll = (folder: string): boolean => openness(folder, OF_EVERYBODY) !== 0;

/**
 * Closes a file to all others. A group stays that cannot be shut out, as where the file is another user's: whoever mounts
 * a volume may have let it in, as Kubernetes does with its `fsGroup` at every mount. Throws when everybody stays.
 */
export function closeToOthers(file: string): void {
  if (openness(file, OF_OTHERS) === 0) return;
  try {
    chmodSync(file, statSync(file).mode & 0o700);
  } catch {
    // Then it is as it was.
  }
  refuseOpen(file);
}

function refuseOpen(file: string): void {
  if (openness(file, OF_EVERYBODY) === 0) return;
  throw new Error(`${file} is open to every user of this machine; run: chmod 600 ${file}`);
}

/**
 * The file's text without surrounding white space; undefined when there is none. Throws when everybody may read it: then
 * it may be known, and closing it now would hide that.
 */
export function readSecretFile(file: string): string | undefined {
  if (!statSync(file, { throwIfNoEntry: false })) return undefined;
  refuseOpen(file);
  closeToOthers(file);
  return readFileSync(file, 'utf8').trim();
}

/**
 * Writes a secret once: afterwards the file is whole, on disk and for this user alone, or it is not there.
 * False when there is one already, which is left as it is.
 */
export function createSecretFile(file: string, secret: string): boolean {
  makeDataFolder(dirname(file));
  const draft = `${file}.${process.pid}`;
  rmSync(draft, { force: true });
  try {
    writeFileSync(draft, `${secret}\n`, { mode: 0o600, flag: 'wx', flush: true });
    linkSync(draft, file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  syncFolder(dirname(file));
  return true;
}

/** Replaces the text of a file that only this process writes: it is whole and on disk, or the one before still is. */
export function replaceFile(file: string, text: string): void {
  const draft = `${file}.new`;
  rmSync(draft, { force: true }); // It may be another user's.
  writeFileSync(draft, text, { mode: 0o600, flush: true });
  renameSync(draft, file);
  syncFolder(dirname(file));
}

/** Waits until what was made, renamed and removed in a folder is on disk. */
export function syncFolder(folder: string): void {
  // Windows cannot open a folder.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
