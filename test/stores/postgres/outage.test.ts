import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { PrivacyError } from '../../../src/domain/errors.js';
import type { Store } from '../../../src/stores/store.js';
import { postgresServer } from '../../support/postgres-server.js';
import { bytes, instanceRecord, linkedInstance } from '../contract/records.js';
import { databaseUrl, openPostgres } from './postgres-data.js';

const PATIENCE = { timeout: 60_000, interval: 50 };

/** A store on a server of its own. */
async function storeOnServer() {
  const server = await postgresServer();
  onTestFinished(() => server.remove());
  const store = await openPostgres(databaseUrl('postgres', server.url));
  return { server, store };
}

const reasonOf = (error: unknown) => (error instanceof PrivacyError ? error.problem.kind : error);

test('while the server is away nothing says "no credentials", and all is there when it is back', async () => {
  const { server, store } = await storeOnServer();
  await linkedInstance(store, 'a');
  await server.stop();
  for (const asked of [
    () => store.credentials.load('a'),
    () => store.credentials.load('never linked'),
    () => store.credentials.loadKeys('a', 'session', ['1']),
    () => store.credentials.save('a', bytes('advanced')),
    () => store.instances.list(),
    () => store.tokens.find('first'),
    () => store.instances.create(instanceRecord('b')),
  ])
    expect(await asked().catch(reasonOf)).toBe('STORE_UNAVAILABLE');

  await server.start();
  const load = () => store.credentials.load('a');
  expect(await vi.waitFor(load, PATIENCE)).toEqual(bytes('credentials of a'));
  expect((await store.instances.list()).map(({ name }) => name)).toEqual(['a']);
});

test('a server that is killed again and again under load loses and invents nothing that was told', async () => {
  const { server, store } = await storeOnServer();
  const told = new Map<string, 'made' | 'failed'>();
  const writing = new AbortController();
  await Promise.all([
    ...[1, 2, 3, 4].map(writer => write(store, writer, told, writing.signal)),
    restart(server, 3).finally(() => writing.abort()),
  ]);
  const there = new Set((await vi.waitFor(() => store.instances.list(), PATIENCE)).map(({ name }) => name));
  const wrong = [...told].filter(([name, what]) => there.has(name) !== (what === 'made'));
  expect(wrong).toEqual([]);
  expect(new Set(told.values())).toEqual(new Set(['made', 'failed']));
});

async function write(
  store: Store,
  writer: number,
  told: Map<string, 'made' | 'failed'>,
  signal: AbortSignal,
) {
  for (let count = 0; !signal.aborted; count++) {
    const name = `desk-${writer}-${count}`;
    const what = await store.instances.create(instanceRecord(name)).then(
      () => 'made' as const,
      error => {
        expect(reasonOf(error)).toBe('STORE_UNAVAILABLE');
        return 'failed' as const;
      },
    );
    told.set(name, what);
    await setTimeout(what === 'made' ? 0 : 50);
  }
}

async function restart(server: Awaited<ReturnType<typeof postgresServer>>, times: number) {
  for (let time = 0; time < times; time++) {
    await setTimeout(300);
    await server.kill();
    await setTimeout(200);
    await server.start();
  }
  await setTimeout(300);
}
