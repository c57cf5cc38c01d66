import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, openApi } from '../support/api.js';
import { invoke } from '../support/invoke.js';
import { type AnyMethod, METHODS, shortName } from '../support/methods.js';
import { rowOf } from '../support/rows.js';

/** Field 15,000 as a number: no message of the contract has it. */
const UNKNOWN = Buffer.from([0xc0, 0xa9, 0x07, 0x01]);

let api: Api;
beforeAll(async () => {
  api = await openApi();
  await api.addInstance('desk');
});
afterAll(() => api.close());

/** The bytes of a valid request, and of a field that nobody knows. */
function withUnknown(method: AnyMethod): Buffer {
  const request = { ...method.requestDeserialize(Buffer.of()), ...rowOf(method).request('desk', 'absent') };
  return Buffer.concat([method.requestSerialize(request), UNKNOWN]);
}

const named = METHODS.map(method => [shortName(method), method] as const);
const ofAccess = (access: 'read' | 'write') =>
  named.filter(([, method]) => rowOf(method).access === access && method.path);

describe('a field that the service does not know', () => {
  test.each(ofAccess('write'))('is refused by %s, and nothing is done', async (_, method) => {
    const before = await tokensAndInstances();
    const ended = await invoke(api, method, withUnknown(method));
    expect(ended.code).toBe('INVALID_ARGUMENT');
    expect(ended.detail('google.rpc.ErrorInfo')).toMatchObject({
      reason: 'INVALID_REQUEST',
      metadata: { field: '15000' },
    });
    expect(ended.detail('google.rpc.BadRequest')?.fieldViolations).toMatchObject([
      { field: '15000', reason: 'UNKNOWN_FIELD' },
    ]);
    expect(await tokensAndInstances()).toEqual(before);
  });

  test.each(ofAccess('read'))('is passed over by %s', async (name, method) => {
    const token = await api.tokens.mint({ kind: 'ACCOUNT', access: 'READ_ONLY', displayName: '' });
    const call = invoke(api, method, withUnknown(method), { secret: token.secret });
    // A watch would go on.
    if (name === 'PrivacyService/WatchPrivacySettings') await api.tokens.revoke(token.token.id);
    expect((await call).detail('google.rpc.ErrorInfo')?.reason).not.toBe('INVALID_REQUEST');
  });

  test('is told by its path, within a setting and within an entry of a list', async () => {
    const reasonsOf = async (name: string, bytes: number[]) => {
      const method = METHODS.find(({ path }) => path.endsWith(`/${name}`)) as AnyMethod;
      const ended = await invoke(
        api,
        method,
        Buffer.concat([Buffer.from([0x0a, 4]), Buffer.from('desk'), Buffer.from(bytes)]),
      );
      return ended.detail('google.rpc.BadRequest')?.fieldViolations.map(({ field }) => field);
    };
    expect(await reasonsOf('UpdatePrivacySettings', [0x1a, 4, 0x08, 2, 0x78, 1])).toEqual(['privacy.15']);
    expect(await reasonsOf('UpdateContactBlacklist', [0x10, 1, 0x1a, 0, 0x1a, 2, 0x78, 1])).toEqual([
      'entries_to_add[1].15',
    ]);
  });
});

async function tokensAndInstances() {
  const { instances } = api.instances.list({ after: '', limit: 100, state: undefined });
  const { tokens } = await api.tokens.list({ after: undefined, limit: 100 });
  return [instances.map(({ name }) => name), tokens.length];
}
