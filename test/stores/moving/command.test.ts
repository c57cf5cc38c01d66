import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../cli/support/run.js';
import { linkedInstance, MASTER_KEY } from '../contract/records.js';
import { newDatabase, openPostgres } from '../postgres/postgres-data.js';
import { sqliteData, temporaryFolder } from '../sqlite-data.js';

const env = { WA_PRIVACY_MASTER_KEY: MASTER_KEY.toString('base64') };

async function linkedFolder(): Promise<string> {
  const data = sqliteData();
  const store = await data.open();
  await linkedInstance(store, 'a');
  await store.close();
  return dirname(data.file);
}

test('the command moves a folder to the database whose URL is in a file, and says what it moved', async () => {
  const folder = await linkedFolder();
  const url = await newDatabase();
  const file = join(temporaryFolder(), 'url');
  writeFileSync(file, `${url}\n`);
  const { code, stdout, stderr } = await run(
    ['migrate-store', '--from', `sqlite:${folder}`, '--to', `@${file}`],
    { env },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^ {2}instance: 1 rows, SHA-256 [0-9a-f]{64}$/m);
  expect(stdout).toMatch(/kept as .*wa-privacy\.db\.moved-/);
  const store = await openPostgres(url);
  expect((await store.instances.list()).map(({ name }) => name)).toEqual(['a']);
});

test('two places of one kind, and what is no place, are refused before anything is done', async () => {
  const folder = await linkedFolder();
  for (const to of [`sqlite:${folder}2`, 'postgres://user:sesame@db.example.com/wa', 'elsewhere']) {
    const refused = await run(['migrate-store', '--from', `sqlite:${folder}`, '--to', to], { env });
    expect(refused.code).toBe(2);
    expect(refused.stderr).not.toContain('sesame');
  }
});

test('without the master key of the data nothing is moved', async () => {
  const folder = await linkedFolder();
  const move = ['migrate-store', '--from', `sqlite:${folder}`, '--to', await newDatabase()];
  const { code, stderr } = await run(move, {});
  expect(code).toBe(1);
  expect(stderr).toContain('No master key is configured');
});
