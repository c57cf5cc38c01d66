import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { onTestFinished } from 'vitest';
import { sqliteStore } from '../../src/stores/sqlite/sqlite.js';
import type { Schema } from '../../src/stores/tables/schema.js';
import type { Data } from './contract/data.js';
import { MASTER_KEY } from './contract/records.js';

/** A new folder, removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Data in a new SQLite file. */
export function sqliteData(file = join(temporaryFolder(), 'data', 'wa-privacy.db')): Data & { file: string } {
  const editedTokens: string[] = [];
  const onEditedToken = (id: string) => void editedTokens.push(id);
  return {
    file,
    editedTokens,
    async open(masterKey = MASTER_KEY, previousMasterKey?: Buffer) {
      const store = await sqliteStore({ file, masterKey, previousMasterKey, onEditedToken });
      onTestFinished(() => store.close());
      return store;
    },
    async edit(change) {
      const database = new Sqlite(file);
      try {
        await change(new Kysely<Schema>({ dialect: new SqliteDialect({ database }) }));
      } finally {
        database.close();
      }
    },
  };
}
