import { existsSync, linkSync, rmSync } from 'node:fs';
import type { Kysely, Transaction } from 'kysely';
import { wallTime } from '../../domain/time/wall-time.js';
import { MIGRATION_NAMES, migrate } from '../migrations/index.js';
import { postgresAlone } from '../postgres/alone.js';
import { sqliteAlone } from '../sqlite/alone.js';
import type { Schema } from '../tables/schema.js';
import { openSealed } from './open-sealed.js';
import { type Digest, digester, digestOf, rowsOf } from './rows.js';
import { TABLE_NAMES, type Table } from './tables.js';

/** Where a store is. */
export type Place =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** What was moved, and what is damaged in it as it was before. */
export type Moved = {
  readonly tables: Readonly<Record<Table, Digest>>;
  readonly damaged: readonly string[];
  /** Where a SQLite file is kept that no service must be started on again. */
  readonly keptAs: string | undefined;
};

/** A database that this process has for itself. */
type Alone = { readonly db: Kysely<Schema>; close(): Promise<void> };

/**
 * Moves all data to another engine. It is there when every table has been read back and is the same, all in one commit:
 * killed at any moment this leaves the target empty or whole. Throws with a text for the operator: where a service uses one of
 * the two, where the target has data, where the source is of another version or under another master key.
 */
export async function moveStore(from: Place, to: Place, masterKey: Buffer): Promise<Moved> {
  if (from.kind === 'sqlite' && !existsSync(from.file)) throw new Error(`${from.file} is not there`);
  const source = await open(from);
  try {
    await refuseOtherVersion(source.db);
    const damaged = await openSealed(source.db, masterKey);
    const target = await open(to);
    try {
      await migrate(target.db, [masterKey]);
      await refuseData(target.db);
      const tables = await target.db.transaction().execute(trx => copyAll(source.db, trx));
      return { tables, damaged, keptAs: from.kind === 'sqlite' ? setAside(from.file) : undefined };
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

const open = (place: Place): Promise<Alone> =>
  place.kind === 'sqlite' ? sqliteAlone(place.file) : postgresAlone(place.url);

async function refuseOtherVersion(db: Kysely<Schema>): Promise<void> {
  const rows = await (db as unknown as Kysely<{ kysely_migration: { name: string } }>)
    .selectFrom('kysely_migration')
    .select('name')
    .execute()
    .catch(() => []);
  const isSame =
    rows.length === MIGRATION_NAMES.length && rows.every(({ name }) => MIGRATION_NAMES.includes(name));
  if (!isSame)
    throw new Error(
      'The data is of another version of wa-privacy: start this version on it once, and stop it again',
    );
}

async function refuseData(db: Kysely<Schema>): Promise<void> {
  for (const table of TABLE_NAMES) {
    if (table === 'change_counter') continue; // It counts from the first migration on.
    const row = await db.selectFrom(table).selectAll().limit(1).executeTakeFirst();
    if (row) throw new Error('The target has data already: it must be empty');
  }
}

async function copyAll(source: Kysely<Schema>, target: Transaction<Schema>): Promise<Record<Table, Digest>> {
  await target.deleteFrom('change_counter').execute();
  const copied: [Table, Digest][] = [];
  for (const table of TABLE_NAMES) {
    const { take, digest } = digester();
    for await (const rows of rowsOf(source, table)) {
      take(rows);
      await target
        .insertInto(table)
        .values(rows as never)
        .execute();
    }
    const [read, written] = [digest(), await digestOf(target, table)];
    if (read.sha256 !== written.sha256)
      throw new Error(`Table ${table} does not come back as it was written`);
    copied.push([table, written]);
  }
  return Object.fromEntries(copied) as Record<Table, Digest>;
}

/** So that no service starts on the old data again: two on the same links throw each other out. */
function setAside(file: string): string {
  const keptAs = `${file}.moved-${wallTime().toISOString().replace(/[:.]/g, '-')}`;
  linkSync(file, keptAs);
  rmSync(file);
  return keptAs;
}
