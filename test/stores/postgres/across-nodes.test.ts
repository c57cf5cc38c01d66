import { describe, expect, test } from 'vitest';
import { tokens } from '../../../src/access/tokens.js';
import { exclusively } from '../../../src/domain/nodes/exclusively.js';
import type { SharedHold } from '../../../src/domain/nodes/shared.js';
import { at, changeRecord, instanceRecord, tokenRecord } from '../contract/records.js';
import { die, type Node, newNodes } from './nodes.js';
import { administer } from './postgres-data.js';

const MINUTE_MS = 60_000;
const KEY = Buffer.alloc(32, 'token key');
/** The window of now would end within a test, now and then. */
const LONG_MS = 1_000_000_000;

describe('permits', () => {
  test('are taken by all nodes together no more than there are', async () => {
    const { nodes } = await newNodes(3);
    const takes = Array.from({ length: 10 }, () =>
      nodes.map(({ shared }) => shared.permits.take('t', LONG_MS, 7, 100)),
    );
    const got = await Promise.all(takes.flat());
    expect(got.reduce((sum, each) => sum + each.taken, 0)).toBe(100);
    expect(Math.min(...got.map(each => each.left))).toBe(0);
    const [one] = nodes;
    expect(await one.shared.permits.take('u', LONG_MS, 7, 100)).toMatchObject({ taken: 7, left: 93 });
  });

  test('that came to nothing are given back, into their window', async () => {
    const { nodes } = await newNodes(2);
    const [one, other] = nodes.map(({ shared }) => shared.permits);
    const got = await one?.take('t', LONG_MS, 5, 5);
    expect(await other?.take('t', LONG_MS, 1, 5)).toMatchObject({ taken: 0, left: 0 });
    await one?.giveBack('t', got?.window ?? 0, 2);
    await one?.giveBack('t', (got?.window ?? 0) + LONG_MS, 2);
    expect(await other?.take('t', LONG_MS, 3, 5)).toMatchObject({ taken: 2, left: 0 });
  });

  test('are there anew in the next window, and those of one that has passed are forgotten', async () => {
    const { nodes, url } = await newNodes(2);
    const { permits } = nodes[0].shared;
    const { endsInMs } = await permits.take('t', LONG_MS, 5, 5);
    expect(endsInMs).toBeLessThanOrEqual(LONG_MS);
    await administer([`update permit set window_start = window_start - ${LONG_MS}`], url);
    expect(await permits.take('t', LONG_MS, 3, 5)).toMatchObject({ taken: 3, left: 2 });
    expect(await permits.prune(10)).toBe(0);
    await administer([`update permit set window_end = 0 where used = 5`], url);
    expect(await permits.prune(10)).toBe(1);
    expect(await permits.take('t', LONG_MS, 3, 5)).toMatchObject({ taken: 2 });
  });
});

describe('a task', () => {
  test('is one node’s at a time, and due again when that said', async () => {
    const { nodes, url } = await newNodes(3);
    const begun = () => Promise.all(nodes.map(({ shared }) => shared.tasks.begin('chore')));
    const first = await begun();
    expect(first.filter(isMine => isMine)).toHaveLength(1);
    expect(await begun()).toEqual(first); // The one that is at it may be, and the others not.
    for (const { shared } of nodes) await shared.tasks.end('chore', MINUTE_MS);
    expect(await begun()).toEqual([false, false, false]);
    await administer([`update task set due_time = 0`], url);
    expect((await begun()).filter(isMine => isMine)).toHaveLength(1);
  });

  test('of a node that is buried is another’s, and no longer its own', async () => {
    const { nodes, url } = await newNodes(2);
    const [dead, heir] = nodes;
    expect(await dead.shared.tasks.begin('chore')).toBe(true);
    await die(url, dead);
    expect(await heir.shared.tasks.begin('chore')).toBe(false);
    await heir.shared.leases.buryDead();
    expect(await heir.shared.tasks.begin('chore')).toBe(true);
    expect(await dead.shared.tasks.begin('other')).toBe(false);
  });

  test('is waited for by who must do it alone', async () => {
    const { nodes } = await newNodes(3);
    let working = 0;
    const most: number[] = [];
    const work = async () => {
      most.push(++working);
      await new Promise(resolve => setImmediate(resolve));
      working--;
    };
    const { signal } = new AbortController();
    await Promise.all(nodes.map(({ shared }) => exclusively(shared.tasks, 'import', signal, work)));
    expect(most).toEqual([1, 1, 1]);
    await nodes[0].shared.tasks.begin('import');
    const waiting = exclusively(nodes[1].shared.tasks, 'import', AbortSignal.timeout(10), work);
    await expect(waiting).rejects.toThrow();
    expect(most).toHaveLength(3);
  });
});

describe('what holds the dials', () => {
  const refusal: SharedHold = {
    kind: 'until_accepted',
    cause: {
      code: 405,
      text: 'outdated',
      culprit: { kind: 'client_version', version: '2.3000.1', ageDays: 130 },
    },
    leftMs: 5 * MINUTE_MS,
    count: 1,
  };

  test('is known to every node, and is not put off while it lasts', async () => {
    const { nodes } = await newNodes(2);
    const [one, other] = nodes.map(({ shared }) => shared.holds);
    const told = Promise.withResolvers<void>();
    using _ = other?.onChange(told.resolve);
    await one?.save(refusal);
    await told.promise;
    await one?.save({ ...refusal, leftMs: 60 * MINUTE_MS, count: 2 });
    const [held, ...more] = (await other?.load()) ?? [];
    expect(more).toEqual([]);
    expect(held).toEqual({ ...refusal, leftMs: expect.any(Number) });
    expect(held?.leftMs).toBeLessThanOrEqual(5 * MINUTE_MS);
    await one?.accepted();
    expect(await other?.load()).toEqual([]);
  });

  test('is tried by one of all nodes when its time is over, and at once when that is wanted', async () => {
    const { nodes } = await newNodes(3);
    const stores = nodes.map(({ shared }) => shared.holds);
    const [one] = stores;
    const probes = () => Promise.all(stores.map(({ probe }) => probe(5 * MINUTE_MS)));
    expect(await probes()).toEqual([false, false, false]);
    await one?.save(refusal);
    expect(await probes()).toEqual([false, false, false]);
    for (const _ of [1, 2]) {
      await one?.probeSoon();
      expect((await probes()).filter(isMine => isMine)).toHaveLength(1);
    }
  });
});

describe('a token', () => {
  const wish = { kind: 'ACCOUNT', access: 'READ_WRITE', displayName: 'desk' } as const;

  /** Tokens of two nodes that look nothing up again by themselves. */
  async function setUp() {
    const { nodes, url } = await newNodes(2);
    const access = nodes.map(({ store, shared }) => {
      const made = tokens({ store: store.tokens, key: KEY, uptime: () => 0 });
      shared.newsroom.onNews(made.heard);
      return made;
    });
    const [here, elsewhere] = access;
    if (!here || !elsewhere) throw new Error('two nodes');
    return { nodes, url, here, elsewhere };
  }

  test('that one node revokes ends on every other, and with it the calls that last', async () => {
    const { here, elsewhere } = await setUp();
    const { token, secret } = await here.mint(wish);
    const kept = await here.mint(wish);
    for (const each of [secret, kept.secret]) expect(await elsewhere.verify(each)).toBeDefined();
    using watch = elsewhere.watch(token.id);
    using keptWatch = elsewhere.watch(kept.token.id);
    await here.revoke(token.id);
    await expect.poll(() => elsewhere.verify(secret)).toBeUndefined();
    await expect.poll(() => watch.signal.aborted).toBe(true);
    expect(await elsewhere.verify(kept.secret)).toBeDefined();
    expect(keptWatch.signal.aborted).toBe(false);
  });

  test('ends on every node with the instance that it is for', async () => {
    const { nodes, here, elsewhere } = await setUp();
    await nodes[0].store.instances.create(instanceRecord('a'));
    const { secret, token } = await here.mint({ ...wish, kind: 'INSTANCE', instance: 'a' });
    expect(await elsewhere.verify(secret)).toBeDefined();
    using watch = elsewhere.watch(token.id);
    await nodes[0].store.instances.remove('a');
    await expect.poll(() => elsewhere.verify(secret)).toBeUndefined();
    await expect.poll(() => watch.signal.aborted).toBe(true);
  });

  test('is looked up again where news may have been missed', async () => {
    const { nodes, url, here, elsewhere } = await setUp();
    const told = Promise.withResolvers<void>();
    using _told = nodes[1].shared.newsroom.onNews(({ about }) => about === 'token' && told.resolve());
    const { secret, token } = await here.mint(wish);
    await told.promise;
    expect(await elsewhere.verify(secret)).toBeDefined();
    await administer([`delete from token where id = '${token.id}'`], url); // Nobody tells of it.
    expect(await elsewhere.verify(secret)).toBeDefined();
    const lost = Promise.withResolvers<void>();
    using _ = nodes[1].shared.newsroom.onNews(({ about }) => about === 'anything' && lost.resolve());
    await administer(
      [
        `select pg_terminate_backend(pid) from pg_stat_activity
           where query ~ '^listen|pg_notify' and pid <> pg_backend_pid() and datname = current_database()`,
      ],
      url,
    );
    await lost.promise;
    await expect.poll(() => elsewhere.verify(secret)).toBeUndefined();
  });

  test('was last used when it was last, whichever node writes it down later', async () => {
    const { nodes } = await newNodes(2);
    await nodes[0].store.tokens.put(tokenRecord('t'));
    await nodes[0].store.tokens.touch(new Map([['t', at(60)]]));
    await nodes[1].store.tokens.touch(new Map([['t', at(30)]]));
    expect((await nodes[1].store.tokens.find('t'))?.lastUseTime).toEqual(at(60));
    await nodes[1].store.tokens.touch(new Map([['t', at(90)]]));
    expect((await nodes[0].store.tokens.find('t'))?.lastUseTime).toEqual(at(90));
  });
});

test('who reads the history on while three nodes write misses no entry and gets none twice', async () => {
  const { nodes } = await newNodes(3);
  const each = 40;
  for (const [index, { store }] of nodes.entries()) await store.instances.create(instanceRecord(`i${index}`));

  async function write({ store }: Node, index: number) {
    for (let second = 1; second <= each; second++)
      await store.changes.append([changeRecord(`i${index}`, second)]);
  }
  /** Reads on from the last entry that it has, whenever the history has grown. */
  async function read({ store }: Node): Promise<number[]> {
    const ids: number[] = [];
    let grown = Promise.withResolvers<void>();
    using _ = store.changes.onGrowth(() => grown.resolve());
    for (let position = 0; ids.length < each * nodes.length; ) {
      grown = Promise.withResolvers<void>();
      const { changes, lookedAt } = await store.changes.listAfter({}, position, 7);
      ids.push(...changes.map(({ id }) => id));
      position = lookedAt;
      if (changes.length === 0) await grown.promise;
    }
    return ids;
  }
  const [read0, read1, read2] = await Promise.all([...nodes.map(read), ...nodes.map(write)]);
  const expected = Array.from({ length: each * nodes.length }, (_, index) => index + 1);
  for (const ids of [read0, read1, read2]) expect(ids).toEqual(expected);
});
