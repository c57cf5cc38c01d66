import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import type { News } from '../../../src/cluster/ports.js';
import { PrivacyError } from '../../../src/domain/errors.js';
import type { Store } from '../../../src/stores/store.js';
import { at, bytes, changeRecord, instanceRecord } from '../contract/records.js';
import { die, newNode } from './nodes.js';
import { administer, newDatabase, openPostgres } from './postgres-data.js';

const TTL_MS = 60_000;

const reasonOf = (error: unknown) => (error instanceof PrivacyError ? error.problem.kind : error);

describe('leases', () => {
  test('an instance is held by the node that made it, and by nobody else', async () => {
    const url = await newDatabase();
    const [one, other] = [await newNode(url), await newNode(url)];
    await one.store.instances.create(instanceRecord('a'));
    expect([...one.shared.leases.held()]).toEqual([['a', 1]]);
    expect(await other.shared.leases.claim(10)).toEqual([]);
    expect(await other.shared.leases.claimOne('a')).toBeUndefined();
    expect(await other.shared.leases.leases()).toEqual([{ instance: 'a', node: one.id, epoch: 1 }]);
  });

  test('nodes that claim at once share what is free, each instance once and under a new epoch', async () => {
    const url = await newDatabase();
    const maker = await newNode(url);
    const names = Array.from({ length: 40 }, (_, index) => `i${index}`);
    await maker.store.instances.createEach(names.map(name => ({ record: instanceRecord(name), along: [] })));
    await maker.shared.leases.release(names);
    const nodes = await Promise.all([1, 2, 3].map(() => newNode(url)));
    const claimed = await Promise.all(nodes.map(({ shared }) => shared.leases.claim(20)));
    const all = claimed.flat();
    expect(all.map(({ instance }) => instance).sort()).toEqual([...names].sort());
    expect(all.every(({ epoch }) => epoch === 2)).toBe(true);
  });

  test('of a node that is taken for dead everything is free, and it does not live on', async () => {
    const url = await newDatabase();
    const [dead, heir] = [await newNode(url), await newNode(url)];
    await dead.store.instances.create(instanceRecord('a'));
    expect(await heir.shared.leases.buryDead()).toBe(0);
    await die(url, dead);
    expect(await heir.shared.leases.buryDead()).toBe(1);
    expect(await heir.shared.leases.claim(10)).toEqual([{ instance: 'a', node: heir.id, epoch: 2 }]);
    expect(await dead.shared.leases.renew(TTL_MS)).toBe(false);
    expect(await heir.shared.leases.renew(TTL_MS)).toBe(true);
    expect(dead.shared.leases.held().size).toBe(0);
  });

  test('a node that leaves gives everything away', async () => {
    const url = await newDatabase();
    const [one, other] = [await newNode(url), await newNode(url)];
    await one.store.instances.create(instanceRecord('a'));
    await one.shared.leases.leave();
    expect((await other.shared.leases.nodes()).map(({ id }) => id)).toEqual([other.id]);
    expect(await other.shared.leases.claimOne('a')).toEqual({ instance: 'a', node: other.id, epoch: 2 });
  });

  test('instances of before there were nodes can be claimed', async () => {
    const url = await newDatabase();
    const alone = await openPostgres(url);
    await alone.instances.create(instanceRecord('a'));
    await alone.close();
    const node = await newNode(url);
    expect(await node.shared.leases.claim(10)).toEqual([{ instance: 'a', node: node.id, epoch: 1 }]);
  });

  test('who has the database alone shares it with no node', async () => {
    const url = await newDatabase();
    const node = await newNode(url);
    await expect(openPostgres(url)).rejects.toThrow('Another wa-privacy uses this database');
    await node.store.close();
    await openPostgres(url);
    await expect(newNode(url)).rejects.toThrow('no node among others');
  });
});

describe('a node that another one has taken over from', () => {
  async function overtaken() {
    const url = await newDatabase();
    const [stale, heir] = [await newNode(url), await newNode(url)];
    await stale.store.instances.create(instanceRecord('a'));
    await stale.store.credentials.saveLink('a', bytes('first'), {
      phoneNumber: '+491',
      linkTime: at(1),
    });
    await die(url, stale);
    await heir.shared.leases.buryDead();
    await heir.shared.leases.claim(10);
    return { stale: stale.store, heir: heir.store };
  }

  const WRITES: Record<string, (store: Store) => Promise<unknown>> = {
    'the record': store => store.instances.update('a', { displayName: 'stale' }),
    'its removal': store => store.instances.remove('a'),
    credentials: store => store.credentials.save('a', bytes('stale')),
    'a link': store =>
      store.credentials.saveLink('a', bytes('stale'), { phoneNumber: '+492', linkTime: at(2) }),
    'the end of a link': store => store.credentials.clear('a'),
    'Signal keys': store =>
      store.credentials.saveKeys('a', [{ type: 'session', id: '1', value: Buffer.from('stale') }]),
    history: store => store.changes.append([changeRecord('a', 1)]),
    'that a call has begun': store =>
      store.shared?.hops.begin({ id: randomUUID(), instance: 'a', epoch: 1 }) ?? Promise.resolve(),
  };

  test.each(Object.keys(WRITES))('cannot write %s', async what => {
    const { stale, heir } = await overtaken();
    const write = WRITES[what] ?? (() => Promise.resolve());
    for (const _ of [1, 2]) expect(await write(stale).catch(reasonOf)).toBe('INSTANCE_MOVED');
    expect(await heir.credentials.load('a')).toEqual(bytes('first'));
    expect((await heir.instances.list()).map(({ displayName }) => displayName)).not.toContain('stale');
    expect(await heir.changes.newestId()).toBe(0);
    await write(heir); // It is not the write that was wrong.
  });

  test('stores the times of the instances that are still its own', async () => {
    const url = await newDatabase();
    const [one, other] = [await newNode(url), await newNode(url)];
    for (const name of ['a', 'b', 'c']) await one.store.instances.create(instanceRecord(name));
    await administer([`update lease set node = '${other.id}', epoch = 2 where instance = 'b'`], url);
    await one.store.instances.connected(new Map(['a', 'b', 'c'].map(name => [name, at(7)])));
    const times = (await other.store.instances.list()).map(({ lastConnectTime }) => lastConnectTime);
    expect(times).toEqual([at(7), undefined, at(7)]);
  });
});

test('what a node keeps over transactions goes past a pooler, where a URL leads there', async () => {
  const url = await newDatabase();
  const past = new URL(url);
  past.searchParams.set('application_name', 'past-the-pooler');
  await openPostgres(url, { node: { id: randomUUID(), listenUrl: past.href } });
  const { rows } = await ask(
    url,
    `select query ~ '^listen' as listens, exists (select from pg_locks where pg_locks.pid = s.pid and locktype = 'advisory') as holds
       from pg_stat_activity s where application_name = 'past-the-pooler' order by listens`,
  );
  expect(rows).toEqual([
    { listens: false, holds: true },
    { listens: true, holds: false },
  ]);
});

/** What an administrator sees. */
async function ask(url: string, query: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(query);
  } finally {
    await client.end();
  }
}

describe('news', () => {
  async function heard(work: (teller: Store) => Promise<unknown>, isLast: (news: News) => boolean) {
    const url = await newDatabase();
    const [teller, listener] = [await newNode(url), await newNode(url)];
    const news: News[] = [];
    const last = Promise.withResolvers<void>();
    using _ = listener.shared.newsroom.onNews(each => {
      news.push(each);
      if (isLast(each)) last.resolve();
    });
    await work(teller.store);
    await last.promise;
    return { news, teller, listener, url };
  }

  test('tell another node of an instance, of a token and of the history', async () => {
    const { news } = await heard(
      async ({ instances, tokens, changes }) => {
        await instances.create(instanceRecord('a'));
        await changes.append([changeRecord('a', 1)]);
        await tokens.remove('t');
      },
      ({ about }) => about === 'token',
    );
    expect(news).toEqual(
      expect.arrayContaining([
        { about: 'instance', name: 'a' },
        { about: 'leases' },
        { about: 'history' },
        { about: 'token', id: 't' },
      ]),
    );
  });

  test('of the history wake those who read it on another node, and are not told back', async () => {
    let grown = 0;
    const { teller, listener } = await heard(
      async ({ instances, changes }) => {
        await instances.create(instanceRecord('a'));
        await changes.append([changeRecord('a', 1)]);
      },
      ({ about }) => about === 'history',
    );
    using _ = listener.store.changes.onGrowth(() => grown++);
    const echo: News[] = [];
    using _echo = teller.shared.newsroom.onNews(each => echo.push(each));
    await listener.store.instances.create(instanceRecord('b'));
    await teller.store.changes.append([changeRecord('a', 2)]);
    await expect.poll(() => grown).toBe(1);
    await setTimeout(50);
    expect(echo.filter(({ about }) => about === 'history')).toHaveLength(1); // Its own.
  });

  test('are to be looked for where the connection was lost', async () => {
    const { listener, url, teller } = await heard(
      ({ instances }) => instances.create(instanceRecord('a')),
      ({ about }) => about === 'instance',
    );
    const news: News[] = [];
    using _ = listener.shared.newsroom.onNews(each => news.push(each));
    await administer(
      [
        `select pg_terminate_backend(pid) from pg_stat_activity where query ~ '^listen|pg_notify' and pid <> pg_backend_pid() and datname = current_database()`,
      ],
      url,
    );
    await expect.poll(() => news, { timeout: 10_000 }).toContainEqual({ about: 'anything' });
    // What the teller says while its own line is lost is heard by nobody.
    const retold = async () => {
      await teller.store.instances.update('a', { displayName: 'x' });
      return news;
    };
    await expect.poll(retold, { timeout: 10_000 }).toContainEqual({ about: 'instance', name: 'a' });
  });
});

test('a call that was passed on begins, or is forbidden to', async () => {
  const url = await newDatabase();
  const [holder, front] = [await newNode(url), await newNode(url)];
  await holder.store.instances.create(instanceRecord('a'));
  const begin = (id: string) => holder.shared.hops.begin({ id, instance: 'a', epoch: 1 }).catch(reasonOf);
  const [begun, forbidden] = [randomUUID(), randomUUID()];
  expect(await begin(begun)).toBe(undefined);
  expect(await front.shared.hops.forbid(begun)).toBe(false);
  expect(await front.shared.hops.forbid(forbidden)).toBe(true);
  expect(await begin(forbidden)).toBe('INSTANCE_MOVED');
});

test('of a call that begins while it is forbidden one thing comes about', async () => {
  const url = await newDatabase();
  const [holder, front] = [await newNode(url), await newNode(url)];
  await holder.store.instances.create(instanceRecord('a'));
  for (let round = 0; round < 50; round++) {
    const id = randomUUID();
    const begin = holder.shared.hops.begin({ id, instance: 'a', epoch: 1 }).then(
      () => true,
      () => false,
    );
    const [hasBegun, isForbidden] = await Promise.all([begin, front.shared.hops.forbid(id)]);
    expect(hasBegun).toBe(!isForbidden);
  }
});
