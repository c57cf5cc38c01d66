import { expect, onTestFinished, test, vi } from 'vitest';
import { PrivacyError } from '../../../src/domain/errors.js';
import { cuttingProxy } from '../../support/cutting-proxy.js';
import { bytes, changeRecord, instanceRecord, linkedInstance } from '../contract/records.js';
import { newDatabase, openPostgres, queriesOf } from './postgres-data.js';

/** A store behind a network that can be cut, and its tables past that. */
async function storeBehindProxy() {
  const direct = new URL(await newDatabase());
  const proxy = await cuttingProxy(Number(direct.port));
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  const url = new URL(direct);
  url.port = String(proxy.port);
  const losses: unknown[] = [];
  const store = await openPostgres(url.href, { onLoss: cause => void losses.push(cause) });
  const db = queriesOf(direct.href);
  onTestFinished(() => db.destroy());
  return { store, proxy, db, losses, direct: direct.href };
}

const namesIn = async ({ db }: Pick<Awaited<ReturnType<typeof storeBehindProxy>>, 'db'>) =>
  (await db.selectFrom('instance').select('name').execute()).map(({ name }) => name);

const reasonOf = (error: unknown) => (error instanceof PrivacyError ? error.problem.kind : error);
const PATIENCE = { timeout: 60_000, interval: 50 };
/** As a client says it, to the end of the message. */
const COMMIT = 'commit\0';

test('what was committed is told as made when the answer to the commit is lost', async () => {
  const parts = await storeBehindProxy();
  const cut = parts.proxy.cutAt('answered', COMMIT);
  expect(await parts.store.instances.create(instanceRecord('a'))).toBe(true);
  await cut;
  expect(await namesIn(parts)).toEqual(['a']);
});

test('what was not committed is told as failed when the commit never came', async () => {
  const parts = await storeBehindProxy();
  const cut = parts.proxy.cutAt('before', COMMIT);
  const made = parts.store.instances.create(instanceRecord('a')).catch(reasonOf);
  await cut;
  expect(await made).toBe('STORE_UNAVAILABLE');
  expect(await namesIn(parts)).toEqual([]);
  await vi.waitFor(() => parts.store.instances.create(instanceRecord('a')), PATIENCE);
});

test('a connection that is cut in the middle of a transaction leaves nothing of it', async () => {
  const parts = await storeBehindProxy();
  await linkedInstance(parts.store, 'a');
  const cut = parts.proxy.cutAt('answered', 'signal_key');
  const changes = [
    { type: 'session', id: '1', value: undefined },
    { type: 'session', id: '2', value: bytes('two') },
  ];
  const written = parts.store.credentials.saveKeys('a', changes).catch(reasonOf);
  await cut;
  expect(await written).toBe('STORE_UNAVAILABLE');
  const keys = () => parts.store.credentials.loadKeys('a', 'session', ['1', '2']);
  expect(await vi.waitFor(keys, PATIENCE)).toEqual(new Map([['1', bytes('session of a')]]));
});

test('entries of the history are kept until they can be written, and written once', async () => {
  const { store, proxy } = await storeBehindProxy();
  await linkedInstance(store, 'a');
  const before = await store.changes.newestId();
  for (const when of ['before', 'answered'] as const) {
    const cut = proxy.cutAt(when, COMMIT);
    await store.changes.append([changeRecord('a', 1)]);
    await cut;
  }
  const { changes } = await store.changes.listAfter({}, before, 10);
  expect(changes).toHaveLength(2);
});

test('connections that end while nobody uses them are told, and replaced', async () => {
  const { store, proxy, losses } = await storeBehindProxy();
  await linkedInstance(store, 'a');
  proxy.cut();
  await vi.waitFor(() => expect(losses.length).toBeGreaterThan(0), PATIENCE);
  const load = () => store.credentials.load('a');
  expect(await vi.waitFor(load, PATIENCE)).toEqual(bytes('credentials of a'));
});
