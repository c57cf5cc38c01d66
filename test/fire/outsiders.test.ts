import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { expectOneIdentity, expectUsable } from './support/checks.js';
import { createLinked } from './support/link.js';
import { openScene } from './support/scene.js';

/** What other programs do to a database, from another process than the service. */
const DEEDS: Readonly<Record<string, (file: string) => unknown>> = {
  'reads it': file => using(file, { readonly: true }, db => db.prepare('select * from instance').all()),
  'writes to it': file => using(file, {}, db => db.exec('delete from credential')),
  'changes its journal mode': file => using(file, {}, db => db.pragma('journal_mode = DELETE')),
  'truncates its WAL': file => using(file, {}, db => db.pragma('wal_checkpoint(TRUNCATE)')),
  'vacuums it': file => using(file, {}, db => db.exec('vacuum')),
  'backs it up': file => using(file, {}, db => db.exec(`vacuum into '${file}.stolen'`)),
};

function using<T>(file: string, options: Sqlite.Options, work: (database: Sqlite.Database) => T): T {
  const database = new Sqlite(file, { ...options, timeout: 0 });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

test('no other program that opens the database reads, changes or harms it while the service runs', async () => {
  await using scene = await openScene();
  const service = scene.start();
  const client = await service.client;
  await createLinked(scene, client);
  const file = join(scene.dataDir, 'wa-privacy.db');
  const before = readdirSync(scene.dataDir);

  for (const [deed, does] of Object.entries(DEEDS)) {
    expect(() => does(file), deed).toThrow(/database is locked/);
    await expectUsable(scene, client);
  }
  expect(readdirSync(scene.dataDir)).toEqual(before);
  for (const name of before) expect(statSync(join(scene.dataDir, name)).mode & 0o077, name).toBe(0);

  await service.end('SIGKILL');
  await scene.quiet();
  expect(await expectOneIdentity(scene)).toBe('linked');
  await expectUsable(scene, await scene.start().client);
});
