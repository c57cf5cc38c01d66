import pg from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { PrivacyError } from '../../../src/domain/errors.js';
import { migrate } from '../../../src/stores/migrations/index.js';
import { bytes, linkedInstance } from '../contract/records.js';
import { administer, databaseUrl, newDatabase, newName, openPostgres, queriesOf } from './postgres-data.js';

const PATIENCE = { timeout: 60_000, interval: 50 };

/** Ends the session that has the lock, as a server does that does not hear of it any more. */
const endLock = (url: string) =>
  administer(
    [
      `select pg_terminate_backend(pid) from pg_locks
         where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    ],
    url,
  );

test('a database is used by one service at a time', async () => {
  const url = await newDatabase();
  const first = await openPostgres(url);
  await expect(openPostgres(url)).rejects.toThrow('Another wa-privacy uses this database');
  await first.close();
  await openPostgres(url);
});

test('a service whose lock is lost takes it again, and goes on', async () => {
  const url = await newDatabase();
  const losses: unknown[] = [];
  const store = await openPostgres(url, { onLoss: cause => void losses.push(cause) });
  await linkedInstance(store, 'a');
  await endLock(url);
  await vi.waitFor(() => expect(losses).toHaveLength(1), PATIENCE);
  expect(await vi.waitFor(() => store.credentials.load('a'), PATIENCE)).toEqual(bytes('credentials of a'));
  await expect(openPostgres(url)).rejects.toThrow('Another wa-privacy uses this database');
});

test('a service that another took the database from uses it no more, also when that one has left', async () => {
  const url = await newDatabase();
  const losses: unknown[] = [];
  const store = await openPostgres(url, { onLoss: cause => void losses.push(cause) });
  await linkedInstance(store, 'a');
  // What another service leaves behind that was here while this one was cut off.
  const thief = new pg.Client(url);
  await thief.connect();
  onTestFinished(() => thief.end());
  await thief.query('update store_key set epoch = epoch + 1');
  await endLock(url);
  const isTaken = () =>
    expect(losses).toContainEqual(expect.objectContaining({ message: expect.stringMatching(/meanwhile/) }));
  await vi.waitFor(isTaken, PATIENCE);
  const refused = await store.credentials.save('a', bytes('stale')).catch((error: unknown) => error);
  expect(refused instanceof PrivacyError && refused.problem).toEqual({ kind: 'STORE_UNAVAILABLE' });
  const other = await openPostgres(url);
  expect(await other.credentials.load('a')).toEqual(bytes('credentials of a'));
});

test('three that migrate at once run each migration once', async () => {
  const name = newName();
  await administer([`create database ${name}`]);
  const url = databaseUrl(name);
  const nodes = [1, 2, 3].map(() => queriesOf(url));
  onTestFinished(async () => void (await Promise.all(nodes.map(node => node.destroy()))));
  await Promise.all(nodes.map(node => migrate(node, [])));
  const store = await openPostgres(url);
  await linkedInstance(store, 'a');
  expect(await store.instances.list()).toHaveLength(1);
});
