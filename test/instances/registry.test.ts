import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { instanceEtag } from '../../src/domain/instance.js';
import { openRegistry, type Registry } from '../../src/instances/registry.js';
import { linkedRecord, nodeParts } from './support/node-parts.js';

const soon = () => ({ deadline: performance.now() + 60_000, signal: new AbortController().signal });
const NEW = { name: 'desk', displayName: '', connectionMode: undefined };
const NOT_FOUND = { problem: { kind: 'INSTANCE_NOT_FOUND', instance: 'desk' } };
const HEARTBEAT_MS = 60_000;

let parts: Awaited<ReturnType<typeof nodeParts>>;
let registry: Registry;
let leave: AbortController;
beforeEach(async () => {
  parts = await nodeParts();
  await parts.store.instances.create(linkedRecord('bot'));
  registry = await openRegistry(parts.options);
  leave = new AbortController();
});
afterEach(async () => {
  leave.abort();
  await registry.stop();
  await parts.store.close();
});

const watch = (names: string[] = []) =>
  registry.watch({ names, selector: [] }, HEARTBEAT_MS, leave.signal)[Symbol.asyncIterator]();
const names = () =>
  registry.list({ after: '', limit: 10, state: undefined }).instances.map(({ name }) => name);

describe('an instance', () => {
  test('that is made is listed, and its name is taken until it is deleted', async () => {
    await registry.create(NEW, {});
    expect(names()).toEqual(['bot', 'desk']);
    await expect(registry.create(NEW, {})).rejects.toMatchObject({
      problem: { kind: 'INSTANCE_ALREADY_EXISTS' },
    });
    await registry.delete('desk', undefined, soon());
    expect(names()).toEqual(['bot']);
    expect(() => registry.get('desk')).toThrow();
    expect(await registry.create(NEW, {})).toMatchObject({ name: 'desk', state: 'UNLINKED' });
    expect((await parts.store.instances.list()).map(({ name }) => name)).toEqual(['bot', 'desk']);
  });

  test('is found, but not connected, before the service may', async () => {
    await registry.stop();
    parts.dialled.length = 0;
    const serving = Promise.withResolvers<void>();
    registry = await openRegistry({ ...parts.options, connectFrom: serving.promise });
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(registry.get('bot')).toMatchObject({ state: 'CONNECTING' });
    expect(parts.dialled).toEqual([]);
    serving.resolve();
    await expect.poll(() => parts.dialled).toEqual(['bot']);
  });

  test('is found until the service has stopped', async () => {
    await registry.stop();
    expect(names()).toEqual(['bot']);
  });

  test('that two callers delete is deleted, and for both', async () => {
    const both = ['first', 'second'].map(() => registry.delete('bot', undefined, soon()));
    await expect(Promise.all(both)).resolves.toBeDefined();
    expect(names()).toEqual([]);
  });

  test('that was deleted and made again is not deleted by a caller who waited for the first', async () => {
    const first = registry.delete('bot', undefined, soon());
    const second = registry.delete('bot', undefined, soon());
    await first;
    await registry.create({ ...NEW, name: 'bot' }, {});
    await second;
    expect((await parts.store.instances.list()).map(({ name }) => name)).toEqual(['bot']);
  });

  test('is not deleted with the etag it had before the turn of the call came', async () => {
    const etag = instanceEtag(registry.get('bot'));
    const unlinked = registry.unlink('bot', soon());
    const deleted = registry.delete('bot', etag, soon());
    await unlinked;
    await expect(deleted).rejects.toMatchObject({ problem: { kind: 'ETAG_MISMATCH', etag } });
    expect(names()).toEqual(['bot']);
  });

  test('of two changes with one etag takes the first', async () => {
    const etag = instanceEtag(registry.get('bot'));
    const changes = ['first', 'second'].map(displayName => registry.update('bot', { displayName }, {}, etag));
    await changes[0];
    await expect(changes[1]).rejects.toMatchObject({ problem: { kind: 'ETAG_MISMATCH', etag } });
    expect(registry.get('bot').displayName).toBe('first');
    const next = instanceEtag(registry.get('bot'));
    expect(await registry.update('bot', { displayName: 'third' }, {}, next)).toMatchObject({
      displayName: 'third',
    });
  });

  test.each([
    ['display name', { displayName: 'Bot' }],
    ['connection mode', { connectionMode: 'ON_DEMAND' }],
    ['presence', { presence: 'PULSE' }],
    ['password of its proxy', { proxy: 'http://a:new@127.0.0.1:1' }],
  ] as const)('is not deleted with the etag it had before its %s was changed', async (_, changed) => {
    await registry.update('bot', { proxy: 'http://a:old@127.0.0.1:1' }, {});
    const etag = instanceEtag(registry.get('bot'));
    await registry.update('bot', changed, {});
    await expect(registry.delete('bot', etag, soon())).rejects.toMatchObject({
      problem: { kind: 'ETAG_MISMATCH', etag, currentEtag: instanceEtag(registry.get('bot')) },
    });
  });

  test('that was deleted and made again has another etag, and keeps its own over a restart', async () => {
    await registry.update('bot', { displayName: 'Bot' }, {});
    const etag = instanceEtag(registry.get('bot'));
    await registry.stop();
    registry = await openRegistry(parts.options);
    expect(instanceEtag(registry.get('bot'))).toBe(etag);
    await registry.delete('bot', etag, soon());
    await new Promise(resolve => setTimeout(resolve, 2)); // Times of making are told in milliseconds.
    await registry.create({ ...NEW, name: 'bot' }, {});
    await registry.update('bot', { displayName: 'Bot' }, {});
    expect(instanceEtag(registry.get('bot'))).not.toBe(etag);
  });

  test('is as it was when a change of it could not be stored', async () => {
    const before = registry.get('bot');
    vi.spyOn(parts.store.instances, 'update').mockRejectedValueOnce(new Error('disk full'));
    await expect(
      registry.update('bot', { displayName: 'Bot', connectionMode: 'ON_DEMAND' }, {}),
    ).rejects.toThrow();
    expect(registry.get('bot')).toEqual(before);
    expect(await registry.update('bot', { displayName: 'Bot' }, {})).toMatchObject({ displayName: 'Bot' });
  });

  test('that does not exist is told of by every method', async () => {
    const { get, update, unlink, reconnect, readSettings, listChanges } = registry;
    for (const call of [
      async () => get('desk'),
      () => update('desk', {}, {}),
      () => registry.delete('desk', undefined, soon()),
      () => reconnect('desk', soon()),
      () => unlink('desk', soon()),
      () => readSettings('desk', undefined, soon()),
      () =>
        listChanges(
          { selection: { names: ['desk'], selector: [] }, isAccount: true },
          { startAfter: undefined, after: undefined, limit: 1 },
        ),
      () => watch(['bot', 'desk']).next(),
    ])
      await expect(call()).rejects.toMatchObject(NOT_FOUND);
  });
});

test('when an instance was connected last is stored when the service stops', async () => {
  const { store, options } = await nodeParts();
  const long = new Date(2026, 0, 1);
  await store.instances.create({ ...linkedRecord('old'), linkTime: long, lastConnectTime: long });
  const service = await openRegistry(options);
  await expect.poll(() => service.get('old').state).toBe('CONNECTED');
  const { lastConnectTime } = service.get('old');
  expect(Number(lastConnectTime)).toBeGreaterThan(Number(long));
  await service.stop();
  expect(await store.instances.list()).toMatchObject([{ lastConnectTime }]);
  await store.close();
});

test('a connection that never closes does not keep the rest from being stored when the service stops', async () => {
  const { store, options } = await nodeParts();
  const { connect } = options.whatsApp;
  const neverClosing: typeof connect = async (...call) => {
    const result = await connect(...call);
    if (result.kind === 'open') Object.assign(result.session, { close: () => new Promise(() => undefined) });
    return result;
  };
  const long = new Date(2026, 0, 1);
  await store.instances.create({ ...linkedRecord('old'), linkTime: long, lastConnectTime: long });
  const service = await openRegistry({
    ...options,
    whatsApp: { ...options.whatsApp, connect: neverClosing },
  });
  await expect.poll(() => service.get('old').state).toBe('CONNECTED');
  const { lastConnectTime } = service.get('old');
  await service.stop(10);
  expect(await store.instances.list()).toMatchObject([{ lastConnectTime }]);
  await store.close();
});

test('who watches all is told of an instance that is made while the first events are taken', async () => {
  const events = watch();
  const first = events.next();
  await registry.create(NEW, {});
  const told = new Set([(await first).value.instance, (await events.next()).value.instance]);
  expect(told).toEqual(new Set(['bot', 'desk']));
});

test('who watches an instance that is deleted and made again hears of the first alone', async () => {
  await registry.create(NEW, {});
  const [one, all] = [watch(['desk']), watch()];
  expect((await one.next()).value).toMatchObject({ reason: 'INSTANCE_NOT_LINKED' });
  await registry.delete('desk', undefined, soon());
  await registry.create(NEW, {});
  expect((await one.next()).value).toMatchObject({ instance: 'desk', reason: 'INSTANCE_NOT_FOUND' });
  expect((await all.next()).value).toBeDefined();
  const silence = Symbol('silence');
  const later = new Promise(resolve => setTimeout(resolve, 50, silence));
  expect(await Promise.race([one.next(), later])).toBe(silence);
});
