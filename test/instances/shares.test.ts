import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Snapshot } from '../../src/domain/settings/snapshot.js';
import type { ReadReply, WhatsApp } from '../../src/instances/ports/ports.js';
import { openRegistry, type Registry } from '../../src/instances/registry.js';
import { linkedRecord, nodeParts } from './support/node-parts.js';

const soon = () => ({ deadline: performance.now() + 60_000, signal: new AbortController().signal });
const HEARTBEAT_MS = 60_000;
const MOVED = { problem: { kind: 'INSTANCE_MOVED', instance: 'bot', retryAfterMs: 1_000 } };
const MOVED_DESK = { problem: { ...MOVED.problem, instance: 'desk' } };
const PROD = [{ key: 'env', must: 'in', values: ['prod'] }] as const;
const EVERY = { names: [], selector: [] };
const bot = { ...linkedRecord('bot'), labels: { env: 'prod' } };
const desk = linkedRecord('desk');

let parts: Awaited<ReturnType<typeof nodeParts>>;
let registry: Registry;
let leave: AbortController;
/** Whether this node has the right to act. */
let isOurs: boolean;
/** What WhatsApp is asked before it answers that the device is removed. */
let logOut: () => Promise<void>;
/** What writes wait for. */
let written: { times: Promise<void>; history: Promise<void> };
const reply = (values: Snapshot['values']): ReadReply => ({
  kind: 'read',
  snapshot: { values, others: [], categories: [], unreadable: [], observedAt: new Date() },
});
beforeEach(async () => {
  parts = await nodeParts();
  isOurs = true;
  logOut = async () => undefined;
  written = { times: Promise.resolve(), history: Promise.resolve() };
  parts.whatsApp.read = async () => reply({ last_seen: 'all' });
  const { instances, changes } = parts.options;
  parts.options = {
    ...parts.options,
    instances: { ...instances, connected: times => written.times.then(() => instances.connected(times)) },
    changes: { ...changes, append: entries => written.history.then(() => changes.append(entries)) },
  };
  const connect: WhatsApp['connect'] = async (...call) => {
    const result = await parts.options.whatsApp.connect(...call);
    if (result.kind !== 'open') return result;
    const logout = async () => {
      await logOut();
      return { kind: 'confirmed' } as const;
    };
    return { ...result, session: { ...result.session, logout } };
  };
  const link: WhatsApp['link'] = async (_instance, _method, { signal }) => {
    await new Promise(resolve => signal.addEventListener('abort', resolve));
    return { kind: 'cancelled' };
  };
  for (const record of [bot, desk]) await parts.store.instances.create(record);
  registry = await openRegistry({
    ...parts.options,
    whatsApp: { ...parts.options.whatsApp, connect, link },
    membership: { mayAct: () => isOurs },
  });
  leave = new AbortController();
});
afterEach(async () => {
  leave.abort();
  await registry.stop();
  await parts.store.close();
});

const watch = (names: string[] = []) =>
  registry.watch({ names, selector: [] }, HEARTBEAT_MS, leave.signal)[Symbol.asyncIterator]();
const listed = (names: string[] = []) =>
  registry
    .list({ after: '', limit: 10, state: undefined }, { names, selector: [] })
    .instances.map(({ name }) => name);
const connected = (name = 'bot') => expect.poll(() => registry.get(name).state).toBe('CONNECTED');
/** What a promise is at once, without being waited for. */
const now = <T>(promise: Promise<T>) =>
  Promise.race([promise, new Promise(resolve => setTimeout(resolve, 20, 'under way'))]);

describe('a node among several', () => {
  test('runs nothing by itself, and then what it is told, once', async () => {
    expect([registry.running(), registry.select(EVERY), parts.dialled]).toEqual([[], [], []]);
    registry.begin([bot]);
    registry.begin([bot]);
    await connected();
    expect(parts.dialled).toEqual(['bot']);
    expect(registry.running()).toMatchObject([{ name: 'bot', state: 'CONNECTED' }]);
  });

  test('knows the labels and names of those that others run, and lists its own alone', async () => {
    registry.know([bot], []);
    registry.begin([desk]);
    expect(registry.labelsOf('bot')).toEqual({ env: 'prod' });
    expect(registry.select(EVERY)).toEqual(['bot', 'desk']);
    expect(registry.select({ names: [], selector: PROD })).toEqual(['bot']);
    expect([listed(), listed(['bot', 'desk'])]).toEqual([['desk'], ['desk']]);
    registry.know(
      [
        { ...bot, labels: {} },
        { ...desk, labels: { env: 'prod' } },
      ],
      [],
    );
    expect(registry.select({ names: [], selector: PROD })).toEqual([]); // Of its own it knows better.
    registry.know([], ['bot', 'desk']);
    expect(registry.select(EVERY)).toEqual(['desk']);
  });

  test('finds one that was made a moment ago elsewhere when it asks the store', async () => {
    expect(() => registry.get('bot')).toThrow(
      expect.objectContaining({ problem: { kind: 'INSTANCE_NOT_FOUND', instance: 'bot' } }),
    );
    await registry.lookUp('bot');
    expect(() => registry.get('bot')).toThrow(expect.objectContaining(MOVED));
    await registry.lookUp('ghost');
    expect(registry.labelsOf('ghost')).toBeUndefined();
  });

  test('runs what is made through it', async () => {
    await registry.create({ name: 'new', displayName: '' }, {});
    expect(listed()).toEqual(['new']);
  });

  test('says of each method that an instance elsewhere has moved', async () => {
    registry.know([bot], []);
    const { get, update, unlink, reconnect, readSettings, knownSettings, readContactList } = registry;
    for (const call of [
      async () => get('bot'),
      async () => knownSettings('bot', 1_000),
      () => update('bot', {}, {}),
      () => registry.delete('bot', undefined, soon()),
      async () => registry.import('bot', Buffer.from('{}'), soon()),
      () => reconnect('bot', soon()),
      () => unlink('bot', soon()),
      () => readSettings('bot', undefined, soon()),
      () => readContactList('bot', 'last_seen', soon()),
      async () => registry.submitPasskeyAssertion('bot', '{}'),
      async () => {
        for await (const _ of registry.link('bot', { kind: 'qr' }, soon()));
      },
    ])
      await expect(call()).rejects.toMatchObject(MOVED);
    expect(await registry.readEach(['bot'], undefined, soon())).toMatchObject([{ reason: MOVED }]);
  });

  test('reads the history of all, wherever they run', async () => {
    await registry.stop();
    registry = await openRegistry(parts.options);
    await registry.update('bot', { displayName: 'Bot' }, {});
    await registry.stop();
    registry = await openRegistry({ ...parts.options, membership: { mayAct: () => true } });
    registry.know([bot], []);
    const query = { selection: { names: [], selector: PROD }, isAccount: true };
    const page = { startAfter: undefined, after: undefined, limit: 10 };
    expect((await registry.listChanges(query, page)).changes).toMatchObject([{ instance: 'bot' }]);
  });
});

describe('an instance that is given up', () => {
  beforeEach(async () => {
    registry.begin([bot]);
    await connected();
  });

  test("is another node's at once, and has no connection when that is done", async () => {
    const given = registry.giveUp(['bot', 'ghost']);
    expect(() => registry.get('bot')).toThrow(expect.objectContaining(MOVED));
    expect(registry.running()).toEqual([]);
    await given;
    parts.push('bot');
    expect(registry.labelsOf('bot')).toEqual({ env: 'prod' });
    registry.begin([bot]);
    await connected();
    expect(parts.dialled).toEqual(['bot', 'bot']);
    await expect.poll(() => parts.read).toEqual(['bot', 'bot']);
    expect(parts.faults).toEqual([]);
  });

  test.each(['times', 'history'] as const)(
    'is given up when what is to be written of it is: %s',
    async what => {
      const stored = Promise.withResolvers<void>();
      written[what] = stored.promise;
      registry.begin([desk]);
      await connected('desk');
      parts.whatsApp.read = async () => reply({ last_seen: 'none' });
      parts.push('desk');
      await expect.poll(() => registry.knownSettings('desk', 60_000)?.values.last_seen).toBe('none');
      const given = registry.giveUp(['desk']);
      expect(await now(given)).toBe('under way');
      stored.resolve();
      await given;
    },
  );

  test('lets the change that has its turn end, and none behind it begin', async () => {
    const removed = Promise.withResolvers<void>();
    logOut = () => removed.promise;
    const [first, second] = [registry.unlink('bot', soon()), registry.unlink('bot', soon())];
    await now(first);
    const given = registry.giveUp(['bot']);
    await now(given);
    expect(parts.closed).toEqual([]);
    removed.resolve();
    await expect(first).resolves.toMatchObject({ state: 'UNLINKED' });
    await expect(second).rejects.toMatchObject(MOVED);
    await given;
    expect(await parts.store.instances.find(['bot'])).toMatchObject([{ status: 'unlinked' }]);
  });

  test('ends the attempt to link it, whose caller is told that it has moved', async () => {
    registry.begin([{ ...desk, status: 'unlinked' }]);
    const attempt = registry.link('desk', { kind: 'qr' }, soon())[Symbol.asyncIterator]();
    const next = attempt.next();
    await expect.poll(() => registry.get('desk').state).toBe('LINKING');
    await Promise.all([expect(next).rejects.toMatchObject(MOVED_DESK), registry.giveUp(['desk'])]);
  });

  test("that is being deleted is gone in the end, and nobody's", async () => {
    const removed = Promise.withResolvers<void>();
    logOut = () => removed.promise;
    const deleted = registry.delete('bot', undefined, soon());
    await now(deleted);
    const given = registry.giveUp(['bot']);
    removed.resolve();
    await Promise.all([deleted, given]);
    expect(registry.select(EVERY)).toEqual([]);
    expect(await parts.store.instances.find(['bot'])).toEqual([]);
  });

  test('is waited for no longer than a moment when its change goes on', async () => {
    logOut = () => new Promise(() => undefined);
    const unlinked = registry.unlink('bot', soon());
    await now(unlinked);
    const given = registry.giveUp(['bot']);
    // Its connection ends all the same, and a WhatsApp that is asked on it answers then.
    await expect.poll(() => parts.closed, { timeout: 5_000 }).toEqual(['bot']);
    expect(await now(given)).toBe('under way');
  });

  test('is told of no more, and again when it is back, to who watches it by name', async () => {
    const [one, all] = [watch(['bot']), watch()];
    for (const events of [one, all]) expect((await events.next()).value).toMatchObject({ kind: 'snapshot' });
    const next = [one.next(), all.next()];
    await registry.giveUp(['bot']);
    for (const event of next) expect(await now(event)).toBe('under way');
    registry.begin([bot]);
    for (const event of next) expect((await event).value).toMatchObject({ instance: 'bot' });
  });

  test('while it was elsewhere is watched by name from when it is here', async () => {
    await registry.giveUp(['bot']);
    const events = watch(['bot']);
    const next = events.next();
    expect(await now(next)).toBe('under way');
    registry.begin([bot]);
    expect((await next).value).toMatchObject({ instance: 'bot' });
  });
});

describe('without the right to act for an instance', () => {
  beforeEach(async () => {
    registry.begin([bot]);
    await connected();
    await expect.poll(() => registry.knownSettings('bot', 60_000)).toBeDefined();
    isOurs = false;
  });

  test('nothing is told of it that was read before', async () => {
    expect(() => registry.knownSettings('bot', 60_000)).toThrow(expect.objectContaining(MOVED));
    await expect(registry.readSettings('bot', 60_000, soon())).rejects.toMatchObject(MOVED);
  });

  test('it is not connected', async () => {
    await registry.giveUp(['bot']);
    registry.begin([bot]);
    await now(new Promise(() => undefined));
    expect(parts.dialled).toEqual(['bot']);
  });

  test('it is given up without waiting for the change that has its turn', async () => {
    isOurs = true;
    logOut = () => new Promise(() => undefined);
    void registry.unlink('bot', soon()).catch(() => undefined);
    await new Promise(resolve => setTimeout(resolve, 20));
    isOurs = false;
    void registry.giveUp(['bot']);
    await Promise.resolve();
    expect(parts.closed).toEqual(['bot']);
  });
});
