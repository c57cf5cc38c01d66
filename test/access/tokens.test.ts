import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { TokenStore } from '../../src/access/ports.js';
import { tokens } from '../../src/access/tokens.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite.js';
import { at, instanceRecord } from '../stores/contract/records.js';

const KEY = Buffer.alloc(32, 'token key');
const wish = { kind: 'ACCOUNT', access: 'READ_WRITE', displayName: 'support desk' } as const;
const wishForDesk = { kind: 'INSTANCE', instance: 'desk', access: 'READ_ONLY', displayName: 'bot' } as const;
const firstPage = { after: undefined, limit: 50 };

/** Tokens over an empty store with the instance `desk`, and a clock that the test sets. */
async function setUp() {
  const store = await sqliteStore({ file: ':memory:', masterKey: Buffer.alloc(32) });
  onTestFinished(() => store.close());
  await store.instances.create(instanceRecord('desk'));
  /** The time of day, and by how much of it the clock on the wall was set. */
  const clock = { seconds: 0, setBy: 0 };
  const now = () => at(clock.seconds).getTime();
  const uptime = () => (clock.seconds - clock.setBy) * 1000;
  const lookUps: string[] = [];
  const counted: TokenStore = {
    ...store.tokens,
    findByDigest(digest) {
      lookUps.push(Buffer.from(digest).toString('hex'));
      return store.tokens.findByDigest(digest);
    },
  };
  return { store, clock, now, lookUps, access: tokens({ store: counted, key: KEY, now, uptime }) };
}

describe('a new token', () => {
  test('is verified as what it was made for', async () => {
    const { access } = await setUp();
    const { token, secret } = await access.mint(wishForDesk);
    expect(secret).toMatch(/^wap_[A-Za-z0-9_-]{43}$/);
    expect(token).toEqual({
      ...wishForDesk,
      id: expect.stringMatching(/^[a-km-z2-9]{12}$/),
      createTime: at(0),
      expireTime: undefined,
      lastUseTime: undefined,
    });
    expect(await access.verify(secret)).toEqual({
      tokenId: token.id,
      tokenDisplayName: 'bot',
      kind: 'INSTANCE',
      instance: 'desk',
      access: 'READ_ONLY',
    });
  });

  test('has a secret and an id of its own', async () => {
    const { access } = await setUp();
    const made = await Promise.all(Array.from({ length: 50 }, () => access.mint(wish)));
    expect(new Set(made.map(({ secret }) => secret)).size).toBe(50);
    expect(new Set(made.map(({ token }) => token.id)).size).toBe(50);
  });

  test('for an instance that is not there fails with INSTANCE_NOT_FOUND', async () => {
    const { access } = await setUp();
    await expect(access.mint({ ...wishForDesk, instance: 'ghost' })).rejects.toMatchObject({
      problem: { kind: 'INSTANCE_NOT_FOUND', instance: 'ghost' },
    });
  });

  test('is listed without its digest, and its secret is not stored', async () => {
    const { access, store } = await setUp();
    const { token, secret } = await access.mint(wish);
    expect(await access.list(firstPage)).toEqual({ tokens: [token], next: undefined });
    const stored = await store.tokens.find(token.id);
    expect(Buffer.from(stored?.digest ?? [])).toHaveLength(32);
    expect(JSON.stringify(stored)).not.toContain(secret);
  });
});

describe('a secret', () => {
  test('with a letter changed, added or missing is nobody’s', async () => {
    const { access } = await setUp();
    const { secret } = await access.mint(wish);
    const changed = secret.slice(0, -1) + (secret.endsWith('A') ? 'B' : 'A');
    for (const wrong of ['', 'wap_', changed, `${secret}A`, secret.slice(0, -1), ` ${secret}`]) {
      expect(await access.verify(wrong)).toBeUndefined();
    }
  });

  test('is nobody’s under another key', async () => {
    const { access, store, now } = await setUp();
    const { secret } = await access.mint(wish);
    const others = tokens({ store: store.tokens, key: Buffer.alloc(32, 'another'), now });
    expect(await others.verify(secret)).toBeUndefined();
  });

  test('stops working the moment it expires, though it was just used', async () => {
    const { access, clock } = await setUp();
    const { secret } = await access.mint({ ...wish, expireTime: at(10) });
    clock.seconds = 9.999;
    expect(await access.verify(secret)).toBeDefined();
    clock.seconds = 10;
    expect(await access.verify(secret)).toBeUndefined();
    expect((await access.list(firstPage)).tokens).toEqual([]);
  });

  test('is looked up once in five seconds', async () => {
    const { access, clock, lookUps } = await setUp();
    const { secret } = await access.mint(wish);
    for (const seconds of [0, 1, 4.999]) {
      clock.seconds = seconds;
      await access.verify(secret);
    }
    expect(lookUps).toHaveLength(1);
    clock.seconds = 5;
    expect(await access.verify(secret)).toBeDefined();
    expect(lookUps).toHaveLength(2);
  });

  test.each([-86_400, 86_400])('is looked up as often when the wall clock is set by %d s', async seconds => {
    const { access, clock, lookUps } = await setUp();
    const { secret } = await access.mint(wish);
    await access.verify(secret);
    clock.seconds += seconds;
    clock.setBy += seconds;
    await access.verify(secret);
    expect(lookUps).toHaveLength(1);
    clock.seconds += 5;
    await access.verify(secret);
    expect(lookUps).toHaveLength(2);
  });

  test('that is nobody’s is not remembered as such', async () => {
    const { access } = await setUp();
    const secret = 'a-configured-secret';
    expect(await access.verify(secret)).toBeUndefined();
    await access.ensureFirst(secret);
    expect(await access.verify(secret)).toBeDefined();
  });
});

describe('revoking', () => {
  test('ends a token at once, though it was just used', async () => {
    const { access } = await setUp();
    const [gone, kept] = [await access.mint(wish), await access.mint(wish)];
    await access.verify(gone.secret);
    await access.revoke(gone.token.id);
    expect(await access.verify(gone.secret)).toBeUndefined();
    expect(await access.verify(kept.secret)).toBeDefined();
  });

  test('ends a token for good also while it is being looked up', async () => {
    const { store, now } = await setUp();
    const found = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const slow: TokenStore = {
      ...store.tokens,
      async findByDigest(digest) {
        const token = await store.tokens.findByDigest(digest);
        found.resolve();
        await goOn.promise;
        return token;
      },
    };
    const access = tokens({ store: slow, key: KEY, now });
    const { token, secret } = await access.mint(wish);
    const early = access.verify(secret);
    await found.promise;
    await access.revoke(token.id);
    goOn.resolve();
    await early;
    expect(await access.verify(secret)).toBeUndefined();
  });

  test('a token that is not there, or no longer works, fails with TOKEN_NOT_FOUND', async () => {
    const { access, clock } = await setUp();
    const { token } = await access.mint({ ...wish, expireTime: at(1) });
    clock.seconds = 1;
    for (const id of ['ghost', token.id]) {
      const error = { problem: { kind: 'TOKEN_NOT_FOUND', tokenId: id } };
      await expect(access.revoke(id)).rejects.toMatchObject(error);
      await expect(access.rotate(id, 0)).rejects.toMatchObject(error);
    }
  });
});

describe('rotating', () => {
  test('makes a token like the old one, which works for the grace period', async () => {
    const { access, clock } = await setUp();
    const old = await access.mint({ ...wishForDesk, expireTime: at(1000) });
    await access.verify(old.secret);
    clock.seconds = 100;
    const made = await access.rotate(old.token.id, 60_000);
    expect(made.previousExpireTime).toEqual(at(160));
    expect(made.token).toEqual({ ...old.token, id: made.token.id, createTime: at(100) });
    expect(made.token.id).not.toBe(old.token.id);
    clock.seconds = 159;
    expect(await access.verify(old.secret)).toMatchObject({ tokenId: old.token.id });
    expect(await access.verify(made.secret)).toMatchObject({ tokenId: made.token.id, instance: 'desk' });
    clock.seconds = 160;
    expect(await access.verify(old.secret)).toBeUndefined();
    expect(await access.verify(made.secret)).toBeDefined();
  });

  test('without a grace period ends the old token at once', async () => {
    const { access } = await setUp();
    const old = await access.mint(wish);
    await access.verify(old.secret);
    const made = await access.rotate(old.token.id, 0);
    expect(await access.verify(old.secret)).toBeUndefined();
    expect((await access.list(firstPage)).tokens).toEqual([made.token]);
  });

  test('a token that is revoked meanwhile leaves none that works', async () => {
    const { store, now } = await setUp();
    const removedFirst: TokenStore = {
      ...store.tokens,
      async expire(...expiring) {
        await store.tokens.remove('old');
        return store.tokens.expire(...expiring);
      },
    };
    const access = tokens({ store: removedFirst, key: KEY, now });
    const old = { id: 'old', instance: undefined, createTime: at(0), digest: Buffer.from('old') };
    const times = {
      expireTime: undefined,
      lastUseTime: undefined,
      certificateSubject: undefined,
      selector: undefined,
    };
    await store.tokens.put({ ...wish, ...old, ...times, displayName: 'rotated' });
    await expect(access.rotate('old', 0)).rejects.toMatchObject({ problem: { kind: 'TOKEN_NOT_FOUND' } });
    expect((await access.list(firstPage)).tokens).toEqual([]);
  });

  test('never lets the old token work longer than it would have', async () => {
    const { access } = await setUp();
    const old = await access.mint({ ...wish, expireTime: at(10) });
    expect((await access.rotate(old.token.id, 60_000)).previousExpireTime).toEqual(at(10));
  });
});

describe('the first account token', () => {
  test('may do everything', async () => {
    const { access } = await setUp();
    await access.ensureFirst('a-configured-secret');
    expect(await access.verify('a-configured-secret')).toEqual({
      tokenId: 'first',
      tokenDisplayName: 'first account token',
      kind: 'ACCOUNT',
      instance: undefined,
      access: 'READ_WRITE',
    });
  });

  test('stays the same through a restart, with its times', async () => {
    const { access, clock } = await setUp();
    await access.ensureFirst('a-configured-secret');
    clock.seconds = 5;
    await access.verify('a-configured-secret');
    await access.flush();
    clock.seconds = 10;
    await access.ensureFirst('a-configured-secret');
    const { tokens: listed } = await access.list(firstPage);
    expect(listed).toMatchObject([{ id: 'first', createTime: at(0), lastUseTime: at(5) }]);
  });

  test('replaces the one configured before', async () => {
    const { access } = await setUp();
    await access.ensureFirst('the-old-secret-1');
    await access.verify('the-old-secret-1');
    await access.ensureFirst('the-new-secret-2');
    expect(await access.verify('the-old-secret-1')).toBeUndefined();
    expect(await access.verify('the-new-secret-2')).toMatchObject({ tokenId: 'first' });
  });

  test('stays revoked through a restart with the same secret, until another is configured', async () => {
    const { access, clock } = await setUp();
    await access.ensureFirst('a-configured-secret');
    clock.seconds = 1;
    await access.revoke('first');
    clock.seconds = 2;
    await access.prune();
    await access.ensureFirst('a-configured-secret');
    expect(await access.verify('a-configured-secret')).toBeUndefined();
    await access.ensureFirst('another-configured-secret');
    expect(await access.verify('another-configured-secret')).toBeDefined();
  });

  test('can be the secret that rotating it gave', async () => {
    const { access } = await setUp();
    await access.ensureFirst('a-configured-secret');
    const { secret } = await access.rotate('first', 0);
    await access.ensureFirst(secret);
    expect(await access.verify(secret)).toMatchObject({ tokenId: 'first', kind: 'ACCOUNT' });
    expect(await access.verify('a-configured-secret')).toBeUndefined();
    expect((await access.list(firstPage)).tokens).toHaveLength(1);
  });
});

test('the tokens of a removed instance end with it, also when another takes its name', async () => {
  const { access, store } = await setUp();
  const [account, desk] = [await access.mint(wish), await access.mint(wishForDesk)];
  await access.verify(account.secret);
  await access.verify(desk.secret);
  await store.instances.remove('desk');
  access.forgetInstance('desk');
  await store.instances.create(instanceRecord('desk'));
  expect(await access.verify(desk.secret)).toBeUndefined();
  expect(await access.verify(account.secret)).toBeDefined();
});

describe('a call that lasts learns that its token has ended', () => {
  const reason = expect.objectContaining({ problem: { kind: 'TOKEN_INVALID' } });

  test.each<[how: string, end: (set: Awaited<ReturnType<typeof setUp>>, id: string) => Promise<unknown>]>([
    ['when it is revoked', ({ access }, id) => access.revoke(id)],
    ['when it is rotated without grace', ({ access }, id) => access.rotate(id, 0)],
    [
      'when its instance is removed',
      async ({ access, store }) => {
        await store.instances.remove('desk');
        access.forgetInstance('desk');
      },
    ],
  ])('%s, and others do not', async (_, end) => {
    const set = await setUp();
    const [mine, other] = [await set.access.mint(wishForDesk), await set.access.mint(wish)];
    using watch = set.access.watch(mine.token.id);
    using another = set.access.watch(mine.token.id);
    using others = set.access.watch(other.token.id);
    await end(set, mine.token.id);
    await expect.poll(() => watch.signal.aborted).toBe(true);
    expect(watch.signal.reason).toEqual(reason);
    expect(another.signal.aborted).toBe(true);
    expect(others.signal.aborted).toBe(false);
  });

  test.each<[how: string, end: (set: Awaited<ReturnType<typeof setUp>>, id: string) => Promise<unknown>]>([
    ['expires', async ({ clock }) => (clock.seconds = 10)],
    ['is removed by another node', ({ store }, id) => store.tokens.remove(id)],
  ])('within 5 s when it %s', async (_, end) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const set = await setUp();
    const { token } = await set.access.mint({ ...wish, expireTime: at(10) });
    using watch = set.access.watch(token.id);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(watch.signal.aborted).toBe(false);
    await end(set, token.id);
    await vi.advanceTimersByTimeAsync(5_000);
    await expect.poll(() => watch.signal.aborted).toBe(true);
    expect(watch.signal.reason).toEqual(reason);
  });

  test('but not from a store that cannot be read', async () => {
    const { store, now } = await setUp();
    const looks: string[] = [];
    const broken: TokenStore = {
      ...store.tokens,
      async find(id) {
        looks.push(id);
        throw new Error('the disk is full');
      },
    };
    const access = tokens({ store: broken, key: KEY, now });
    const { token } = await access.mint(wish);
    using watch = access.watch(token.id);
    access.forgetInstance('desk');
    await expect.poll(() => looks).toEqual([token.id]);
    expect(watch.signal.aborted).toBe(false);
  });

  test('and costs nothing when it is over', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const { access } = await setUp();
    const { token } = await access.mint(wish);
    const watches = [access.watch(token.id), access.watch(token.id)];
    expect(vi.getTimerCount()).toBe(1);
    for (const watch of watches) watch[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('the list tells of the last use before it is stored', async () => {
  const { access, clock } = await setUp();
  const { secret } = await access.mint(wish);
  clock.seconds = 3;
  await access.verify(secret);
  expect((await access.list(firstPage)).tokens).toMatchObject([{ lastUseTime: at(3) }]);
});

test('the time of last use is stored by a flush, for accepted secrets only', async () => {
  const { access, clock } = await setUp();
  const used = await access.mint(wish);
  const unused = await access.mint(wish);
  for (clock.seconds = 1; clock.seconds <= 7; clock.seconds++) await access.verify(used.secret);
  await access.flush();
  const lastUses = async () =>
    Object.fromEntries((await access.list(firstPage)).tokens.map(({ id, lastUseTime }) => [id, lastUseTime]));
  expect(await lastUses()).toEqual({ [used.token.id]: at(7), [unused.token.id]: undefined });
  clock.seconds = 20;
  await access.flush();
  expect(await lastUses()).toEqual({ [used.token.id]: at(7), [unused.token.id]: undefined });
});

test('pruning drops the expired from the store', async () => {
  const { access, store, clock } = await setUp();
  const past = await access.mint({ ...wish, expireTime: at(1) });
  const kept = await access.mint(wish);
  clock.seconds = 1;
  await access.prune();
  expect(await store.tokens.find(past.token.id)).toBeUndefined();
  expect(await store.tokens.find(kept.token.id)).toBeDefined();
});
