import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { descriptors } from '../../../src/contract/descriptors.js';
import { type Api, openApi } from '../support/api.js';
import { invoke } from '../support/invoke.js';
import { methodNamed } from '../support/methods.js';

let api: Api;
beforeAll(async () => {
  api = await openApi();
  await api.addInstance('desk');
});
afterAll(() => api.close());

const instance = 'desk';
/** A request whose one mistake is a number without a name, or none where one must be. */
const MISTAKEN: [enumName: string, method: string, request: object, field: string][] = [
  ['Instance.ConnectionMode', 'CreateInstance', { connectionMode: 99 }, 'connection_mode'],
  ['Instance.Presence', 'CreateInstance', { presence: 99 }, 'presence'],
  ['Instance.State', 'ListInstances', { state: 99 }, 'state'],
  [
    'OnFailure',
    'UpdatePrivacySettings',
    { instance, visibility: { online: 1 }, onFailure: 99 },
    'on_failure',
  ],
  ['ContactBlacklistSetting', 'GetContactBlacklist', { instance, setting: 99 }, 'setting'],
  ['ContactBlacklistSetting', 'GetContactBlacklist', { instance }, 'setting'],
  ['PrivacySetting', 'ListPrivacyChanges', { settings: [1, 99] }, 'settings[1]'],
  ['Origin', 'ListPrivacyChanges', { origins: [99] }, 'origins[0]'],
  ['PrivacyChange.Kind', 'ListPrivacyChanges', { kinds: [99] }, 'kinds[0]'],
  ['Token.Kind', 'CreateToken', { kind: 99, access: 1 }, 'kind'],
  ['Token.Kind', 'CreateToken', { access: 1 }, 'kind'],
  ['Token.Access', 'CreateToken', { kind: 1, access: 99 }, 'access'],
];

describe('what a value may be is told by the names that JSON wants:', () => {
  test.each(MISTAKEN)('%s in %s(%o)', async (enumName, method, request, field) => {
    const [, ...named] = descriptors().getEnum(`whatsapp.privacy.v1.${enumName}`)?.values ?? [];
    const names = named.map(({ name }) => name).join(', ');
    expect(names).toMatch(/^[A-Z][A-Z_]+, /);
    const ended = await invoke(api, methodNamed(method), request);
    expect(ended.detail('google.rpc.ErrorInfo')?.metadata).toMatchObject({ field, valid_enum_values: names });
    expect(ended.detail('google.rpc.BadRequest')?.fieldViolations).toMatchObject([
      { field, description: `${ended.message} (${names})` },
    ]);
  });
});
