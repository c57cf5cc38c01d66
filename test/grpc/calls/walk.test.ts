import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, openApi, startApi } from '../support/api.js';
import { invoke } from '../support/invoke.js';
import { METHODS, rulesOf, shortName } from '../support/methods.js';
import { rawCall } from '../support/raw-call.js';
import { type Row, rowOf } from '../support/rows.js';

/** Bytes that no message type of the contract can be read from, with what is wrong with them. */
const MALFORMED: [string, Buffer][] = [
  ['a string cut off', Buffer.from([0x0a, 0x05, 0x61])],
  ['a tag cut off', Buffer.from([0xff])],
  ['a varint without end', Buffer.alloc(11, 0xff)],
  ['a wire type that does not exist', Buffer.from([0x0f])],
];

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

describe.each(METHODS.map(method => [shortName(method), method] as const))('%s', (name, method) => {
  test('without a token answers TOKEN_MISSING', async () => {
    const ended = await invoke(api, method, {}, { secret: null });
    expect(ended.code).toBe('UNAUTHENTICATED');
    expect(ended.detail('google.rpc.ErrorInfo')).toEqual({
      reason: 'TOKEN_MISSING',
      domain: 'wa-privacy',
      metadata: {},
    });
    expect(ended.metadata.get('x-ratelimit-limit')).toHaveLength(1);
  });

  test.each([
    ['with an unknown token', 'Bearer wap_unknown', 'TOKEN_INVALID'],
    ['with an empty token', 'Bearer', 'TOKEN_MISSING'],
    ['with another scheme', 'Basic YTpi', 'TOKEN_MISSING'],
    ['with a token without scheme', 'wap_unknown', 'TOKEN_MISSING'],
    ['with two tokens in one header', 'Bearer wap_unknown, Bearer wap_other', 'TOKEN_INVALID'],
  ])('%s answers UNAUTHENTICATED', async (_, authorization, reason) => {
    const ended = await invoke(api, method, {}, { secret: null, metadata: { authorization } });
    expect(ended.code).toBe('UNAUTHENTICATED');
    expect(ended.detailTypes).toEqual(['google.rpc.ErrorInfo', 'google.rpc.RequestInfo']);
    expect(ended.detail('google.rpc.ErrorInfo')?.reason).toBe(reason);
    expect(ended.detail('google.rpc.RequestInfo')?.requestId).toBe(ended.metadata.get('x-request-id')[0]);
  });

  test('with two authorization headers answers UNAUTHENTICATED, though one is good', async () => {
    const good: [string, string] = ['authorization', `Bearer ${api.secret}`];
    const bad: [string, string] = ['authorization', 'Bearer wap_unknown'];
    for (const headers of [
      [good, bad],
      [bad, good],
      [good, good],
    ]) {
      expect(await rawCall(api.port, method.path, headers)).toMatchObject({ 'grpc-status': '16' });
    }
  });

  test.each(MALFORMED)('with %s answers MALFORMED_MESSAGE', async (_, bytes) => {
    const ended = await invoke(api, method, bytes);
    expect(ended.code).toBe('INVALID_ARGUMENT');
    expect(ended.detail('google.rpc.ErrorInfo')).toEqual({
      reason: 'MALFORMED_MESSAGE',
      domain: 'wa-privacy',
      metadata: { method: method.path.slice(1) },
    });
  });

  test('names the call and tells the limit in every answer', async () => {
    const { token, secret } = await api.tokens.mint({
      kind: 'ACCOUNT',
      access: 'READ_WRITE',
      displayName: '',
    });
    const call = invoke(api, method, {}, { secret, metadata: { 'x-request-id': 'mine-1' } });
    // A watch would go on.
    if (name === 'PrivacyService/WatchPrivacySettings') await api.tokens.revoke(token.id);
    const ended = await call;
    expect(ended.metadata.get('x-request-id')).toEqual(['mine-1']);
    for (const key of ['limit', 'remaining', 'reset'])
      expect(ended.metadata.get(`x-ratelimit-${key}`)).toEqual([expect.stringMatching(/^\d+$/)]);
    expect(ended.code).not.toBe('UNIMPLEMENTED');
  });
});

const namesOne = ({ request }: Row) => Object.values(request('one', '')).flat().includes('one');
/** The methods about one instance. Those of TokenService are about tokens, whatever else they name. */
const ABOUT_ONE = METHODS.map(method => ({ name: shortName(method), method, row: rowOf(method) })).filter(
  ({ name, row }) => !name.startsWith('TokenService/') && namesOne(row),
);

describe.each(ABOUT_ONE)('$name with an instance token', ({ method, row }) => {
  test('is denied for another instance, whether it exists or not', async () => {
    const api = await startApi();
    const secret = await api.addInstance('mine');
    await api.addInstance('other');
    for (const instance of ['other', 'absent']) {
      const ended = await invoke(api, method, row.request(instance, ''), { secret });
      expect(ended.code).toBe('PERMISSION_DENIED');
      expect(ended.detailTypes).toEqual(['google.rpc.ErrorInfo', 'google.rpc.RequestInfo']);
      expect(ended.detail('google.rpc.ErrorInfo')).toEqual({
        reason: 'SCOPE_DENIED',
        domain: 'wa-privacy',
        metadata: { method: method.path.slice(1), instance },
      });
    }
  });

  test('has its request checked before its scope', async () => {
    const api = await startApi();
    const secret = await api.addInstance('mine');
    const ended = await invoke(api, method, { ...row.request('other', ''), ...row.invalid }, { secret });
    expect(ended.detail('google.rpc.ErrorInfo')?.reason).toBe('INVALID_REQUEST');
  });
});

/** What is wrong with a request must not be told of methods that the token may not call at all. */
const OF_NO_INSTANCE = METHODS.filter(method => rulesOf(method).about === undefined).map(method => ({
  name: shortName(method),
  method,
  row: rowOf(method),
}));

describe.each(OF_NO_INSTANCE)('$name, which belongs to no single instance', ({ method, row }) => {
  const wrong = [
    ['a request that is not valid', { ...row.request('mine', 'absent'), ...row.invalid }],
    ['a request with nothing in it', {}],
    ['an unknown field', Buffer.from([0xc0, 0xa9, 0x07, 0x01])],
    ...MALFORMED,
  ] as [string, object][];

  test.each(wrong)('is denied before %s is judged', async (_, request) => {
    const api = await startApi();
    const secrets = [await api.addInstance('mine')];
    if (row.access === 'write') {
      const reading = { kind: 'ACCOUNT', access: 'READ_ONLY', displayName: '' } as const;
      secrets.push((await api.tokens.mint(reading)).secret);
    }
    for (const secret of secrets) {
      const ended = await invoke(api, method, request, { secret });
      expect(ended.code).toBe('PERMISSION_DENIED');
      expect(ended.detail('google.rpc.ErrorInfo')).toEqual({
        reason: 'SCOPE_DENIED',
        domain: 'wa-privacy',
        metadata: { method: method.path.slice(1) },
      });
    }
  });
});
