import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readConfig } from '../config/config.js';
import { databaseUrlMistake } from '../config/database-url.js';
import { UsageError } from '../input/usage-error.js';
import { type Moved, moveStore, type Place } from '../stores/moving/move-store.js';
import { findMasterKey, masterKeyFile } from '../stores/sealing/master-key.js';

/** The flags of `migrate-store`. */
export type MoveFlags = { readonly from: string; readonly to: string; readonly config?: string };

/** Moves the data of a service that does not run to another engine. Throws with a text for the operator. */
export async function migrateStore({ from, to, config }: MoveFlags): Promise<void> {
  const places = { from: placeIn('--from', from), to: placeIn('--to', to) };
  if (places.from.kind === places.to.kind)
    throw new UsageError(['--from and --to must name one SQLite folder and one PostgreSQL database']);
  const moved = await moveStore(places.from, places.to, masterKeyOf(config, places));
  process.stdout.write(`${report(moved)}\n`);
}

function placeIn(flag: string, text: string): Place {
  const folder = /^sqlite:(.+)$/.exec(text)?.[1];
  if (folder !== undefined) return { kind: 'sqlite', file: join(resolve(folder), 'wa-privacy.db') };
  const url = text.startsWith('@') ? readFileSync(text.slice(1), 'utf8').trim() : text;
  const mistake = databaseUrlMistake(url);
  if (mistake !== undefined)
    throw new UsageError([`${flag}: ${mistake}, the name of a file with one behind @, or sqlite:FOLDER`]);
  return { kind: 'postgres', url };
}

/** The configured one, else that in the folder of the SQLite file. */
function masterKeyOf(config: string | undefined, { from, to }: { from: Place; to: Place }): Buffer {
  const folder =
    [from, to].flatMap(place => (place.kind === 'sqlite' ? [join(place.file, '..')] : []))[0] ?? '.';
  const read = readConfig({ flags: { '--data-dir': folder, '--config': config }, env: process.env });
  if (read.kind === 'mistakes') throw new UsageError(read.mistakes);
  const key = findMasterKey({ configured: read.config.masterKey?.reveal().toString('base64'), folder });
  if (key) return key;
  const file = masterKeyFile(folder);
  throw new Error(`No master key is configured, and ${file} is ${existsSync(file) ? 'empty' : 'missing'}`);
}

const report = ({ tables, damaged, keptAs }: Moved): string =>
  [
    'Moved, read back and compared:',
    ...Object.entries(tables).map(([name, { rows, sha256 }]) => `  ${name}: ${rows} rows, SHA-256 ${sha256}`),
    ...(damaged.length > 0 ? ['Damaged before, and so moved as it was:'] : []),
    ...damaged.map(text => `  ${text}`),
    keptAs
      ? `The old data is kept as ${keptAs}; it holds what is secret, so remove it some day.`
      : 'The old database is as it was. Never start a service on it again: two on the same links throw each other out.',
  ].join('\n');
