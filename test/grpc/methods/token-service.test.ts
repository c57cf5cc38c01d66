import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  InstanceServiceService,
  type LinkInstanceResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  type CreateTokenRequest,
  Token_Access,
  Token_Kind,
  TokenServiceService,
} from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { tokens as makeTokens } from '../../../src/access/tokens.js';
import { sqliteStore } from '../../../src/stores/sqlite/sqlite.js';
import { type Api, startApi } from '../support/api.js';
import { type Ended, invoke } from '../support/invoke.js';
import { methodNamed } from '../support/methods.js';

const { createToken, listTokens, revokeToken, rotateToken } = TokenServiceService;
const { createInstance, getInstance, linkInstance, listInstances } = InstanceServiceService;
const wish = { kind: Token_Kind.ACCOUNT, access: Token_Access.READ_WRITE, displayName: 'support desk' };

async function create(api: Api, request: Partial<CreateTokenRequest> = wish) {
  const { code, responses } = await invoke(api, createToken, request);
  expect(code).toBe('OK');
  const { token, secret = '' } = responses[0] ?? {};
  if (!token) throw new Error('no token');
  return { token, secret };
}

/** An API with tokens of its own, whose clock the test sets. */
async function startWithClock() {
  const store = await sqliteStore({ file: ':memory:', masterKey: Buffer.alloc(32) });
  onTestFinished(() => store.close());
  const clock = { now: Date.now() };
  const now = () => clock.now;
  const tokens = makeTokens({ store: store.tokens, key: Buffer.alloc(32), now });
  const { secret } = await tokens.mint({ kind: 'ACCOUNT', access: 'READ_WRITE', displayName: '' });
  return { api: { ...(await startApi({ tokens, now })), secret }, tokens, clock };
}

/** Whether a secret works: `OK`, or why not. */
async function answerTo(api: Api, secret: string) {
  const ended = await invoke(api, listInstances, {}, { secret });
  return ended.detail('google.rpc.ErrorInfo')?.reason ?? ended.code;
}

const listed = async (api: Api) => (await invoke(api, listTokens, {})).responses[0]?.tokens ?? [];
const reasonOf = (ended: Ended<unknown>) => ended.detail('google.rpc.ErrorInfo')?.reason;

describe('CreateToken', () => {
  test('answers with the token and its secret, which works as what was asked for', async () => {
    const api = await startApi();
    await api.addInstance('desk');
    await api.addInstance('other');
    const expireTime = new Date(Date.now() + 3_600_000);
    const { token, secret } = await create(api, {
      kind: Token_Kind.INSTANCE,
      instance: 'desk',
      access: Token_Access.READ_ONLY,
      displayName: 'Bot \u{1F512}',
      expireTime,
    });
    expect(token).toEqual({
      id: expect.stringMatching(/^[a-z0-9]{12}$/),
      kind: Token_Kind.INSTANCE,
      instance: 'desk',
      access: Token_Access.READ_ONLY,
      displayName: 'Bot \u{1F512}',
      createTime: expect.any(Date),
      expireTime,
      lastUseTime: undefined,
      certificateSubject: '',
      labelSelector: '',
    });
    expect((await invoke(api, getInstance, { instance: 'desk' }, { secret })).code).toBe('OK');
    for (const denied of [
      await invoke(api, getInstance, { instance: 'other' }, { secret }),
      await invoke(api, linkInstance, { instance: 'desk', method: { $case: 'qr', value: {} } }, { secret }),
    ])
      expect(reasonOf(denied)).toBe('SCOPE_DENIED');
  });

  test('for an instance that does not exist answers INSTANCE_NOT_FOUND', async () => {
    const api = await startApi();
    const ended = await invoke(api, createToken, { ...wish, kind: Token_Kind.INSTANCE, instance: 'ghost' });
    expect(ended.code).toBe('NOT_FOUND');
    expect(reasonOf(ended)).toBe('INSTANCE_NOT_FOUND');
    expect(ended.detail('google.rpc.ResourceInfo')?.resourceName).toBe('ghost');
  });

  test('makes tokens that stop working when they expire', async () => {
    const { api, clock } = await startWithClock();
    const { secret } = await create(api, { ...wish, expireTime: new Date(clock.now + 60_000) });
    clock.now += 59_999;
    expect(await answerTo(api, secret)).toBe('OK');
    clock.now++;
    expect(await answerTo(api, secret)).toBe('TOKEN_INVALID');
  });
});

describe('a request_id', () => {
  const requestId = '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11';

  test('makes a repetition of CreateToken show the same token and secret, which works', async () => {
    const api = await startApi();
    const first = await create(api, { ...wish, requestId });
    const again = await create(api, { ...wish, requestId: requestId.toUpperCase() });
    expect(again).toEqual(first);
    expect(await answerTo(api, again.secret)).toBe('OK');
    expect((await listed(api)).filter(({ displayName }) => displayName === 'support desk')).toHaveLength(1);
    expect((await create(api, { ...wish, requestId: randomUUID() })).secret).not.toBe(first.secret);
    const other = await invoke(api, createToken, { ...wish, displayName: 'another', requestId });
    expect(reasonOf(other)).toBe('REQUEST_ID_REUSED');
  });

  test('makes a repetition of RotateToken show the same secret, though the old token has ended', async () => {
    const api = await startApi();
    const old = await create(api);
    const rotate = () => invoke(api, rotateToken, { tokenId: old.token.id, requestId });
    const first = await rotate();
    expect(await answerTo(api, old.secret)).toBe('TOKEN_INVALID');
    const again = await rotate();
    expect(first.code).toBe('OK');
    expect(again.responses).toEqual(first.responses);
    expect(await answerTo(api, again.responses[0]?.secret ?? '')).toBe('OK');
    expect(await listed(api)).toHaveLength(2);
  });

  test('does not make a revoked token work again', async () => {
    const api = await startApi();
    const { token } = await create(api, { ...wish, requestId });
    await invoke(api, revokeToken, { tokenId: token.id });
    const again = await create(api, { ...wish, requestId });
    expect(await answerTo(api, again.secret)).toBe('TOKEN_INVALID');
  });
});

describe('ListTokens', () => {
  test('goes through the tokens that work, oldest first, without a secret in them', async () => {
    const api = await startApi();
    const made = [];
    for (const label of ['a', 'b', 'c', 'd']) made.push(await create(api, { ...wish, displayName: label }));
    await invoke(api, revokeToken, { tokenId: made[1]?.token.id ?? '' });

    const labels: string[][] = [];
    let pageToken = '';
    do {
      const { responses } = await invoke(api, listTokens, { pageSize: 2, pageToken });
      labels.push(responses[0]?.tokens.map(({ displayName }) => displayName) ?? []);
      pageToken = responses[0]?.nextPageToken ?? '';
    } while (pageToken !== '');
    expect(labels).toEqual([
      ['all', 'a'],
      ['c', 'd'],
    ]);
    const text = JSON.stringify(await listed(api));
    for (const { secret } of made) expect(text).not.toContain(secret);
  });

  test('tells when a token was last used', async () => {
    const api = await startApi();
    const { token, secret } = await create(api);
    const lastUse = async () => (await listed(api)).find(({ id }) => id === token.id)?.lastUseTime;
    expect(await lastUse()).toBeUndefined();
    const before = Date.now();
    await answerTo(api, secret);
    expect((await lastUse())?.getTime()).toBeGreaterThanOrEqual(before);
  });
});

describe('RevokeToken', () => {
  test('with allow_missing is OK when there is none, and without it is not', async () => {
    const api = await startApi();
    expect(reasonOf(await invoke(api, revokeToken, { tokenId: 'absent' }))).toBe('TOKEN_NOT_FOUND');
    expect((await invoke(api, revokeToken, { tokenId: 'absent', allowMissing: true })).code).toBe('OK');
  });

  test('ends a token at once and leaves the others', async () => {
    const api = await startApi();
    const [gone, kept] = [await create(api), await create(api)];
    expect(await answerTo(api, gone.secret)).toBe('OK');
    expect((await invoke(api, revokeToken, { tokenId: gone.token.id })).code).toBe('OK');
    expect(await answerTo(api, gone.secret)).toBe('TOKEN_INVALID');
    expect(await answerTo(api, kept.secret)).toBe('OK');
  });

  test('works on the token it is called with', async () => {
    const api = await startApi();
    const { token, secret } = await create(api);
    expect((await invoke(api, revokeToken, { tokenId: token.id }, { secret })).code).toBe('OK');
    expect(await answerTo(api, secret)).toBe('TOKEN_INVALID');
  });
});

describe('RotateToken', () => {
  test('answers with a token like the old one, which ends at once without a grace period', async () => {
    const api = await startApi();
    const expireTime = new Date(Date.now() + 3_600_000);
    const old = await create(api, { ...wish, expireTime });
    const { responses } = await invoke(api, rotateToken, { tokenId: old.token.id });
    const { token, secret = '', previousExpireTime } = responses[0] ?? {};
    expect(token).toEqual({ ...old.token, id: token?.id, createTime: token?.createTime });
    expect(token?.id).not.toBe(old.token.id);
    expect(previousExpireTime?.getTime()).toBeLessThanOrEqual(Date.now());
    expect(await answerTo(api, old.secret)).toBe('TOKEN_INVALID');
    expect(await answerTo(api, secret)).toBe('OK');
    expect((await listed(api)).map(({ id }) => id)).toEqual([api.tokenId, token?.id]);
  });

  test('lets the old token work for the grace period', async () => {
    const { api, clock } = await startWithClock();
    const old = await create(api);
    const gracePeriod = { seconds: 2n, nanos: 500_000_000 };
    const { responses } = await invoke(api, rotateToken, { tokenId: old.token.id, gracePeriod });
    expect(responses[0]?.previousExpireTime?.getTime()).toBe(clock.now + 2500);
    clock.now += 2499;
    expect(await answerTo(api, old.secret)).toBe('OK');
    clock.now++;
    expect(await answerTo(api, old.secret)).toBe('TOKEN_INVALID');
    expect(await answerTo(api, responses[0]?.secret ?? '')).toBe('OK');
  });
});

describe.each(['RevokeToken', 'RotateToken'])('%s of a token that does not work', method => {
  test('answers TOKEN_NOT_FOUND, whether it never existed, was revoked or has expired', async () => {
    const { api, clock } = await startWithClock();
    const revoked = await create(api);
    await invoke(api, revokeToken, { tokenId: revoked.token.id });
    const expired = await create(api, { ...wish, expireTime: new Date(clock.now + 1) });
    clock.now++;
    for (const id of ['ghost', revoked.token.id, expired.token.id]) {
      const ended = await invoke(api, methodNamed(method), { tokenId: id });
      expect(ended.code).toBe('NOT_FOUND');
      expect(ended.detail('google.rpc.ErrorInfo')).toMatchObject({
        reason: 'TOKEN_NOT_FOUND',
        metadata: { token_id: id },
      });
      expect(ended.detail('google.rpc.ResourceInfo')).toMatchObject({
        resourceType: 'whatsapp.privacy.v1.Token',
        resourceName: id,
      });
    }
  });
});

describe('a stream', () => {
  /** A stream opened with a token, which goes on for as long as the token works. */
  async function openStream(api: Api, secret: string) {
    const opened: AbortSignal[] = [];
    api.instances.link = async function* (_name, _method, { signal }) {
      opened.push(signal);
      yield { kind: 'code', code: { kind: 'qr', code: '1@first', expiresAt: new Date() } };
      await new Promise(() => {});
    };
    const request = { instance: 'desk', method: { $case: 'qr', value: {} } } as const;
    const ended: Promise<Ended<LinkInstanceResponse>> = invoke(api, linkInstance, request, { secret });
    await expect.poll(() => opened.length).toBe(1);
    return { ended, signal: opened[0] };
  }

  test.each([
    ['revoked', 'RevokeToken'],
    ['rotated out', 'RotateToken'],
  ])('ends with TOKEN_INVALID when its token is %s', async (_, method) => {
    const api = await startApi();
    const { token, secret } = await create(api);
    const { ended, signal } = await openStream(api, secret);
    await invoke(api, methodNamed(method), { tokenId: token.id });
    expect(await ended).toMatchObject({ code: 'UNAUTHENTICATED', responses: [{}] });
    expect(reasonOf(await ended)).toBe('TOKEN_INVALID');
    expect(signal?.aborted).toBe(true);
    expect(api.faults).toEqual([]);
  });

  test('ends within 5 s when its token expires', async () => {
    const { api, clock } = await startWithClock();
    const { secret } = await create(api, { ...wish, expireTime: new Date(clock.now + 60_000) });
    const { ended } = await openStream(api, secret);
    clock.now += 60_000;
    const expiredAt = performance.now();
    expect(reasonOf(await ended)).toBe('TOKEN_INVALID');
    expect(performance.now() - expiredAt).toBeLessThan(5_000);
  });
});

test('an instance whose first token cannot be made is not made either', async () => {
  const { api, tokens } = await startWithClock();
  const unwritable: typeof tokens.prepare = wish => ({
    ...tokens.prepare(wish),
    writes: tokens.prepare({ ...wish, instance: 'ghost' }).writes,
  });
  const broken = { ...(await startApi({ tokens: { ...tokens, prepare: unwritable } })), secret: api.secret };
  expect(reasonOf(await invoke(broken, createInstance, { name: 'desk' }))).toBe('INTERNAL');
  expect(reasonOf(await invoke(broken, getInstance, { instance: 'desk' }))).toBe('INSTANCE_NOT_FOUND');
  expect(await broken.store.instances.list()).toEqual([]);
  expect(broken.faults).toHaveLength(1);
});
