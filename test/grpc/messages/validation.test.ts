import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { type DescriptorProto, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { TokenServiceService } from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { type Api, openApi } from '../support/api.js';
import { invoke } from '../support/invoke.js';
import { METHODS, methodNamed } from '../support/methods.js';
import { NEW_INSTANCE } from '../support/rows.js';

let api: Api;
beforeAll(async () => {
  api = await openApi();
  await api.addInstance('support-desk');
});
afterAll(() => api.close());

const { getPrivacySettings } = PrivacyServiceService;
const { createInstance, listInstances } = InstanceServiceService;
const { createToken, rotateToken } = TokenServiceService;
const instance = 'support-desk';
const lastSeen = { visibility: { lastSeen: 1 } };
/** A change of a list, but for what it changes. */
const LIST = { instance, setting: 1 };
const number = (value: string) => ({ id: { $case: 'phoneNumber', value } });
const UUID = '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11';
const lid = (value: string) => ({ id: { $case: 'lid', value } });

/** What is wrong with a request, as the answer tells it. */
async function refusal(method: string, request: object) {
  const ended = await invoke(api, methodNamed(method), request);
  const violations = ended.detail('google.rpc.BadRequest')?.fieldViolations ?? [];
  return {
    code: ended.code,
    message: ended.message,
    info: ended.detail('google.rpc.ErrorInfo'),
    violations: violations.map(({ field, reason }) => `${field} ${reason}`),
    descriptions: violations.map(({ description }) => description),
  };
}

describe('an update', () => {
  test.each([
    ['without a group', {}],
    ['with empty groups', { visibility: {}, privacy: {}, permissions: {} }],
  ])('%s is refused in the words of the origin', async (_, groups) => {
    expect(await refusal('UpdatePrivacySettings', { instance, ...groups })).toEqual({
      code: 'INVALID_ARGUMENT',
      message: 'At least one privacy setting must be provided',
      info: { reason: 'INVALID_REQUEST', domain: 'wa-privacy', metadata: {} },
      violations: [' REQUIRED'],
      descriptions: ['At least one privacy setting must be provided'],
    });
  });

  test.each([
    ['visibility', 'lastSeen', 'last_seen', 'all, contacts, contact_blacklist, none'],
    ['visibility', 'status', 'status', 'all, contacts, contact_blacklist, none'],
    ['visibility', 'profile', 'profile', 'all, contacts, contact_blacklist, none'],
    ['visibility', 'online', 'online', 'all, match_last_seen'],
    ['privacy', 'readReceipts', 'read_receipts', 'all, none'],
    ['privacy', 'defaultDisappearingTimer', 'default_disappearing_timer', '0, 86400, 604800, 7776000'],
    ['permissions', 'callAdd', 'call_add', 'all, known'],
    ['permissions', 'groupAdd', 'group_add', 'all, contacts, contact_blacklist'],
    ['permissions', 'messages', 'messages', 'all, contacts'],
  ])('refuses a value of %s.%s without a name', async (group, name, protoName, valid) => {
    for (const number of [0, 99, -1]) {
      const refused = await refusal('UpdatePrivacySettings', { instance, [group]: { [name]: number } });
      const names = jsonNames(protoName, valid);
      const text = `Invalid ${name} value: ${number}. Valid values: ${valid}`;
      const field = `${group}.${protoName}`;
      expect(refused).toEqual({
        code: 'INVALID_ARGUMENT',
        message: text,
        info: {
          reason: 'INVALID_REQUEST',
          domain: 'wa-privacy',
          metadata: { field, value: String(number), valid_values: valid, valid_enum_values: names },
        },
        violations: [`${field} UNKNOWN_VALUE`],
        descriptions: [`${text} (${names})`],
      });
    }
  });

  test.each([
    ['privacy', 'defense', 'DEFENSE'],
    ['permissions', 'stickers', 'STICKERS'],
  ])('refuses %s.%s, which is read-only, whatever its value', async (group, name, setting) => {
    for (const number of [0, 1, 99]) {
      const refused = await refusal('UpdatePrivacySettings', { instance, [group]: { [name]: number } });
      expect(refused).toEqual({
        code: 'INVALID_ARGUMENT',
        message: `${name} cannot be changed through this service`,
        info: { reason: 'SETTING_READ_ONLY', domain: 'wa-privacy', metadata: { setting } },
        violations: [`${group}.${name} READ_ONLY`],
        descriptions: [`${name} cannot be changed through this service`],
      });
    }
  });

  test('lists everything that is wrong at once, in the order of the table', async () => {
    const refused = await refusal('UpdatePrivacySettings', {
      instance: 'No!',
      visibility: { online: 99, lastSeen: 0 },
      privacy: { defense: 1, defaultDisappearingTimer: 9 },
      permissions: { messages: 99, stickers: 1, callAdd: 1 },
      onFailure: 99,
      requestId: 'not a uuid',
    });
    expect(refused.violations).toEqual([
      'visibility.last_seen UNKNOWN_VALUE',
      'visibility.online UNKNOWN_VALUE',
      'privacy.default_disappearing_timer UNKNOWN_VALUE',
      'permissions.messages UNKNOWN_VALUE',
      'privacy.defense READ_ONLY',
      'permissions.stickers READ_ONLY',
      'instance INVALID_FORMAT',
      'on_failure UNKNOWN_VALUE',
      'request_id INVALID_FORMAT',
    ]);
    expect(refused.info?.reason).toBe('INVALID_REQUEST');
    const names = jsonNames('last_seen', 'all, contacts, contact_blacklist, none');
    expect(refused.descriptions[0]).toBe(`${refused.message} (${names})`);
  });

  test('is INVALID_REQUEST when something else is wrong besides a read-only setting', async () => {
    const refused = await refusal('UpdatePrivacySettings', { instance: '', privacy: { defense: 1 } });
    expect(refused.violations).toEqual(['privacy.defense READ_ONLY', 'instance REQUIRED']);
    expect(refused.info?.reason).toBe('INVALID_REQUEST');
  });

  test('tells what on_failure may be', async () => {
    const refused = await refusal('UpdatePrivacySettings', { instance, ...lastSeen, onFailure: 7 });
    expect(refused.message).toBe('Invalid onFailure value: 7. Valid values: STOP, CONTINUE, ROLL_BACK');
  });
});

test('an update of many instances has the rules of one', async () => {
  const instances = ['support-desk'];
  expect(await refusal('ApplyPrivacySettings', { instances })).toMatchObject({
    message: 'At least one privacy setting must be provided',
    violations: [' REQUIRED'],
  });
  const readOnly = await refusal('ApplyPrivacySettings', { instances, privacy: { defense: 1 } });
  expect(readOnly.info?.reason).toBe('SETTING_READ_ONLY');
  const wrong = { instances: ['a', 'a'], visibility: { lastSeen: 9 }, privacy: { defense: 1 } };
  expect((await refusal('ApplyPrivacySettings', wrong)).violations).toEqual([
    'visibility.last_seen UNKNOWN_VALUE',
    'privacy.defense READ_ONLY',
    'instances[1] DUPLICATE',
  ]);
});

/** Each with a password, which no answer may quote. */
const WRONG_PROXIES = [
  ['proxy.example:3128', 'INVALID_FORMAT'],
  ['socks4://a:sesame@proxy.example', 'INVALID_FORMAT'],
  ['http://', 'INVALID_FORMAT'],
  ['http://a:sesame@proxy.example/path', 'INVALID_FORMAT'],
  ['http://a:sesame@proxy.example?x', 'INVALID_FORMAT'],
  ['http://a:sesame%@proxy.example', 'INVALID_FORMAT'],
  [`http://a:${'sesame'.repeat(90)}@proxy.example`, 'OUT_OF_RANGE'],
] as const;
const THOUSAND_AND_ONE = Array.from({ length: 1001 }, (_, index) => `desk-${index}`);

type Broken = [request: object, reason: string];
const WRONG_SELECTORS: Broken[] = [
  [{ labelSelector: '=' }, 'INVALID_FORMAT'],
  [{ labelSelector: ' ' }, 'INVALID_FORMAT'],
  [{ labelSelector: 'a'.repeat(513) }, 'INVALID_FORMAT'],
];
const TOO_MANY_LABELS = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`k${index}`, '']));

/** For each request field with a rule: a value that breaks it, and the reason then given. */
const BROKEN: Record<string, Broken[]> = {
  'GetPrivacySettingsRequest.instance': [
    [{}, 'REQUIRED'],
    [{ instance: '-a' }, 'INVALID_FORMAT'],
    [{ instance: 'A' }, 'INVALID_FORMAT'],
    [{ instance: 'a'.repeat(64) }, 'INVALID_FORMAT'],
    [{ instance: 'a\n' }, 'INVALID_FORMAT'],
    [{ instance: '\ufffd' }, 'INVALID_FORMAT'],
  ],
  'GetPrivacySettingsRequest.max_age': [
    [{ instance, maxAge: { seconds: -1n, nanos: 0 } }, 'OUT_OF_RANGE'],
    [{ instance, maxAge: { seconds: 0n, nanos: -1 } }, 'OUT_OF_RANGE'],
    [{ instance, maxAge: { seconds: 0n, nanos: 1_000_000_000 } }, 'OUT_OF_RANGE'],
    [{ instance, maxAge: { seconds: 2n ** 62n, nanos: 0 } }, 'OUT_OF_RANGE'],
  ],
  'DescribePrivacySettingsRequest.instance': [[{}, 'REQUIRED']],
  'UpdatePrivacySettingsRequest.instance': [[lastSeen, 'REQUIRED']],
  'UpdatePrivacySettingsRequest.on_failure': [
    [{ instance, ...lastSeen, onFailure: 99 }, 'UNKNOWN_VALUE'],
    [{ instance, ...lastSeen, onFailure: -1 }, 'UNKNOWN_VALUE'],
  ],
  'UpdatePrivacySettingsRequest.request_id': [
    [{ instance, ...lastSeen, requestId: '7d0c2a0e' }, 'INVALID_FORMAT'],
  ],
  'ListPrivacySettingsRequest.page_size': [[{ pageSize: -1 }, 'OUT_OF_RANGE']],
  'ListPrivacySettingsRequest.page_token': [[{ pageToken: 'support-desk' }, 'INVALID_FORMAT']],
  'ListPrivacySettingsRequest.label_selector': WRONG_SELECTORS,
  'ListPrivacySettingsRequest.max_age': [[{ maxAge: { seconds: -1n, nanos: 0 } }, 'OUT_OF_RANGE']],
  'ApplyPrivacySettingsRequest.instances': [
    [lastSeen, 'REQUIRED'],
    [{ ...lastSeen, instances: THOUSAND_AND_ONE }, 'OUT_OF_RANGE'],
  ],
  'ApplyPrivacySettingsRequest.instances[1]': [
    [{ ...lastSeen, instances: ['a', ''] }, 'REQUIRED'],
    [{ ...lastSeen, instances: ['a', 'No!'] }, 'INVALID_FORMAT'],
    [{ ...lastSeen, instances: ['a', 'a'] }, 'DUPLICATE'],
  ],
  'ApplyPrivacySettingsRequest.label_selector': [
    [{ ...lastSeen, labelSelector: '=' }, 'INVALID_FORMAT'],
    [{ ...lastSeen, labelSelector: 'vip', instances: ['a'] }, 'CONFLICTING'],
  ],
  'ApplyPrivacySettingsRequest.on_failure': [
    [{ ...lastSeen, instances: ['a'], onFailure: 99 }, 'UNKNOWN_VALUE'],
  ],
  'ApplyPrivacySettingsRequest.request_id': [
    [{ ...lastSeen, instances: ['a'], requestId: 'x' }, 'INVALID_FORMAT'],
  ],
  'GetApplyResultRequest.request_id': [
    [{}, 'REQUIRED'],
    [{ requestId: 'x' }, 'INVALID_FORMAT'],
  ],
  'GetApplyResultRequest.page_size': [[{ requestId: UUID, pageSize: -1 }, 'OUT_OF_RANGE']],
  'GetApplyResultRequest.page_token': [[{ requestId: UUID, pageToken: 'x' }, 'INVALID_FORMAT']],
  'WatchPrivacySettingsRequest.instances[0]': [[{ instances: ['No!'] }, 'INVALID_FORMAT']],
  'WatchPrivacySettingsRequest.instances[2]': [[{ instances: ['a', 'b', 'a'] }, 'DUPLICATE']],
  'WatchPrivacySettingsRequest.label_selector': [
    ...WRONG_SELECTORS,
    [{ labelSelector: 'vip', instances: ['a'] }, 'CONFLICTING'],
  ],
  'WatchPrivacySettingsRequest.instances': [[{ instances: THOUSAND_AND_ONE }, 'OUT_OF_RANGE']],
  'WatchPrivacySettingsRequest.heartbeat_interval': [
    { seconds: 4n, nanos: 999_999_999 },
    { seconds: 600n, nanos: 1 },
    { seconds: -5n, nanos: 0 },
  ].map(heartbeatInterval => [{ heartbeatInterval }, 'OUT_OF_RANGE']),
  'WatchPrivacySettingsRequest.start_after': [
    [{ startAfter: -1n }, 'OUT_OF_RANGE'],
    [{ startAfter: 2n ** 60n }, 'OUT_OF_RANGE'],
  ],
  'ListPrivacyChangesRequest.instance': [[{ instance: 'No!' }, 'INVALID_FORMAT']],
  'ListPrivacyChangesRequest.label_selector': [[{ instance, labelSelector: 'env=prod' }, 'CONFLICTING']],
  'ListPrivacyChangesRequest.start_time': [[{ startTime: new Date(8.64e15) }, 'OUT_OF_RANGE']],
  'ListPrivacyChangesRequest.end_time': [
    [{ endTime: new Date(8.64e15) }, 'OUT_OF_RANGE'],
    [{ startTime: new Date(2), endTime: new Date(1) }, 'OUT_OF_RANGE'],
  ],
  'ListPrivacyChangesRequest.settings[1]': [
    [{ settings: [1, 0] }, 'REQUIRED'],
    [{ settings: [1, 99] }, 'UNKNOWN_VALUE'],
  ],
  'ListPrivacyChangesRequest.origins[0]': [[{ origins: [99] }, 'UNKNOWN_VALUE']],
  'ListPrivacyChangesRequest.kinds[0]': [[{ kinds: [99] }, 'UNKNOWN_VALUE']],
  'ListPrivacyChangesRequest.start_after': [
    [{ startAfter: -1n }, 'OUT_OF_RANGE'],
    [{ startAfter: 2n ** 60n }, 'OUT_OF_RANGE'],
  ],
  'ListPrivacyChangesRequest.page_token': [[{ instance, pageToken: '7' }, 'INVALID_FORMAT']],
  'ListPrivacyChangesRequest.page_size': [[{ instance, pageSize: -1 }, 'OUT_OF_RANGE']],
  'CreateInstanceRequest.name': [[{ name: 'Not a name' }, 'INVALID_FORMAT']],
  'CreateInstanceRequest.display_name': [
    [{ displayName: '\u{1F512}'.repeat(64) }, 'OUT_OF_RANGE'],
    [{ displayName: 'a\u0000' }, 'INVALID_FORMAT'],
    [{ displayName: 'a\u202Eb' }, 'INVALID_FORMAT'],
    [{ displayName: 'a\u200Bb' }, 'INVALID_FORMAT'],
    [{ displayName: 'a\u200Db' }, 'INVALID_FORMAT'],
    [{ displayName: 'a\u2028b' }, 'INVALID_FORMAT'],
  ],
  'CreateInstanceRequest.request_id': [[{ requestId: 'x' }, 'INVALID_FORMAT']],
  'CreateInstanceRequest.connection_mode': [[{ connectionMode: 3 }, 'UNKNOWN_VALUE']],
  'CreateInstanceRequest.proxy': WRONG_PROXIES.map(([proxy, reason]) => [{ proxy }, reason]),
  'UpdateInstanceRequest.proxy': WRONG_PROXIES.map(([proxy, reason]) => [{ instance, proxy }, reason]),
  'CreateInstanceRequest.labels': [[{ labels: TOO_MANY_LABELS }, 'OUT_OF_RANGE']],
  'CreateInstanceRequest.labels["Env"]': [[{ labels: { Env: '' } }, 'INVALID_FORMAT']],
  'CreateInstanceRequest.labels["env"]': [[{ labels: { env: '/' } }, 'INVALID_FORMAT']],
  'BatchCreateInstancesRequest.requests': [
    [{ requests: [] }, 'REQUIRED'],
    [{ requests: THOUSAND_AND_ONE.map(name => ({ ...NEW_INSTANCE, name })) }, 'OUT_OF_RANGE'],
  ],
  'BatchCreateInstancesRequest.request_id': [
    [{ requests: [NEW_INSTANCE], requestId: 'x' }, 'INVALID_FORMAT'],
  ],
  'UpdateInstanceRequest.labels_to_set': [[{ instance, labelsToSet: TOO_MANY_LABELS }, 'OUT_OF_RANGE']],
  'UpdateInstanceRequest.labels_to_remove[1]': [
    [{ instance, labelsToRemove: ['a', 'A'] }, 'INVALID_FORMAT'],
    [{ instance, labelsToRemove: ['a', 'b'], labelsToSet: { b: '' } }, 'CONFLICTING'],
  ],
  'CreateInstanceRequest.presence': [[{ presence: 4 }, 'UNKNOWN_VALUE']],
  'UpdateInstanceRequest.instance': [[{ displayName: 'Desk' }, 'REQUIRED']],
  'UpdateInstanceRequest.display_name': [
    [{ instance, displayName: 'a'.repeat(64) }, 'OUT_OF_RANGE'],
    [{ instance, displayName: '\n' }, 'INVALID_FORMAT'],
  ],
  'UpdateInstanceRequest.connection_mode': [[{ instance, connectionMode: -1 }, 'UNKNOWN_VALUE']],
  'UpdateInstanceRequest.presence': [[{ instance, presence: -1 }, 'UNKNOWN_VALUE']],
  'GetInstanceRequest.instance': [[{}, 'REQUIRED']],
  'ListInstancesRequest.page_size': [[{ pageSize: -1 }, 'OUT_OF_RANGE']],
  'ListInstancesRequest.page_token': [[{ pageToken: 'support-desk' }, 'INVALID_FORMAT']],
  'ListInstancesRequest.label_selector': WRONG_SELECTORS,
  'ListInstancesRequest.state': [[{ state: 99 }, 'UNKNOWN_VALUE']],
  'DeleteInstanceRequest.request_id': [[{ instance, requestId: 'x' }, 'INVALID_FORMAT']],
  'DeleteInstanceRequest.instance': [[{}, 'REQUIRED']],
  'LinkInstanceRequest.instance': [[{ method: { $case: 'qr', value: {} } }, 'REQUIRED']],
  'LinkInstanceRequest.method': [[{ instance }, 'REQUIRED']],
  'LinkInstanceRequest.pairing_code.phone_number': [
    '',
    '15550100123',
    '+05550100123',
    '+1555010012345678',
    '+1 555',
  ].map(phoneNumber => [
    { instance, method: { $case: 'pairingCode', value: { phoneNumber } } },
    phoneNumber ? 'INVALID_FORMAT' : 'REQUIRED',
  ]),
  'SubmitPasskeyAssertionRequest.instance': [[{ assertionJson: '{}' }, 'REQUIRED']],
  'SubmitPasskeyAssertionRequest.assertion_json': [[{ instance }, 'REQUIRED']],
  'ConfirmPasskeyCodeRequest.instance': [[{ code: 'ABCD-1234' }, 'REQUIRED']],
  'ConfirmPasskeyCodeRequest.code': [[{ instance, code: '-' }, 'REQUIRED']],
  'ImportInstanceRequest.instance': [
    [{ source: { $case: 'baileysCreds', value: Buffer.from('{}') } }, 'REQUIRED'],
  ],
  'ImportInstanceRequest.source': [[{ instance }, 'REQUIRED']],
  'ImportInstanceRequest.baileys_creds': [0, 60_001].map(length => [
    { instance, source: { $case: 'baileysCreds', value: Buffer.alloc(length) } },
    'OUT_OF_RANGE',
  ]),
  'UnlinkInstanceRequest.instance': [[{}, 'REQUIRED']],
  'ReconnectInstanceRequest.instance': [[{}, 'REQUIRED']],
  'GetContactBlacklistRequest.instance': [[{ setting: 1 }, 'REQUIRED']],
  'GetContactBlacklistRequest.page_size': [[{ ...LIST, pageSize: -1 }, 'OUT_OF_RANGE']],
  'GetContactBlacklistRequest.page_token': [[{ ...LIST, pageToken: '7' }, 'INVALID_FORMAT']],
  'GetContactBlacklistRequest.setting': [
    [{ instance }, 'REQUIRED'],
    [{ instance, setting: 5 }, 'UNKNOWN_VALUE'],
  ],
  'UpdateContactBlacklistRequest.instance': [[{ setting: 1, replace: true }, 'REQUIRED']],
  'UpdateContactBlacklistRequest.setting': [
    [{ instance, replace: true }, 'REQUIRED'],
    [{ instance, replace: true, setting: 99 }, 'UNKNOWN_VALUE'],
  ],
  'UpdateContactBlacklistRequest.entries_to_add': [
    [
      {
        ...LIST,
        entriesToAdd: Array.from({ length: 1001 }, (_, index) => number(`+1555${1_000_000 + index}`)),
      },
      'OUT_OF_RANGE',
    ],
  ],
  'UpdateContactBlacklistRequest.entries_to_add[0]': [
    [{ ...LIST, entriesToAdd: [{}] }, 'REQUIRED'],
    [{ ...LIST, entriesToAdd: [number('')] }, 'REQUIRED'],
    ...['15550100123', '+0155501001', '+1 555 0100', '+1', '123@lid'].map((text): [object, string] => [
      { ...LIST, entriesToAdd: [number(text)] },
      'INVALID_FORMAT',
    ]),
    ...['', '@lid', '123', '123:4@lid', '+15550100123', '123456789012345678901@lid'].map(
      (text): [object, string] => [{ ...LIST, entriesToAdd: [lid(text)] }, 'INVALID_FORMAT'],
    ),
  ],
  'UpdateContactBlacklistRequest.entries_to_add[1]': [
    [{ ...LIST, entriesToAdd: [number('+15550100123'), number('+15550100123')] }, 'DUPLICATE'],
  ],
  'UpdateContactBlacklistRequest.entries_to_remove': [
    [{ ...LIST, replace: true, entriesToRemove: [lid('123@lid')] }, 'CONFLICTING'],
    [
      { ...LIST, entriesToRemove: Array.from({ length: 1001 }, (_, index) => lid(`${index + 1}@lid`)) },
      'OUT_OF_RANGE',
    ],
  ],
  'UpdateContactBlacklistRequest.entries_to_remove[1]': [
    [
      { ...LIST, entriesToAdd: [lid('123@lid')], entriesToRemove: [lid('122@lid'), lid('123@lid')] },
      'CONFLICTING',
    ],
    [{ ...LIST, entriesToRemove: [lid('122@lid'), number('122')] }, 'INVALID_FORMAT'],
  ],
  'UpdateContactBlacklistRequest.request_id': [
    [{ ...LIST, replace: true, requestId: '7' }, 'INVALID_FORMAT'],
  ],
  'CreateTokenRequest.request_id': [[{ kind: 1, access: 1, requestId: 'x' }, 'INVALID_FORMAT']],
  'CreateTokenRequest.kind': [
    [{ access: 1 }, 'REQUIRED'],
    [{ access: 1, kind: 99 }, 'UNKNOWN_VALUE'],
  ],
  'CreateTokenRequest.instance': [
    [{ kind: 2, access: 1 }, 'REQUIRED'],
    [{ kind: 2, access: 1, instance: 'Not a name' }, 'INVALID_FORMAT'],
    [{ kind: 1, access: 1, instance }, 'CONFLICTING'],
  ],
  'CreateTokenRequest.label_selector': [
    [{ kind: 3, access: 1 }, 'REQUIRED'],
    [{ kind: 3, access: 1, labelSelector: 'a b' }, 'INVALID_FORMAT'],
    [{ kind: 1, access: 1, labelSelector: 'vip' }, 'CONFLICTING'],
  ],
  'CreateTokenRequest.access': [
    [{ kind: 1 }, 'REQUIRED'],
    [{ kind: 1, access: 99 }, 'UNKNOWN_VALUE'],
  ],
  'CreateTokenRequest.certificate_subject': [
    [{ kind: 1, access: 1, certificateSubject: 'a'.repeat(256) }, 'OUT_OF_RANGE'],
    [{ kind: 1, access: 1, certificateSubject: 'a\nb' }, 'INVALID_FORMAT'],
  ],
  'CreateTokenRequest.display_name': [
    [{ kind: 1, access: 1, displayName: '\u{1F512}'.repeat(64) }, 'OUT_OF_RANGE'],
    [{ kind: 1, access: 1, displayName: 'a\u001b[31m' }, 'INVALID_FORMAT'],
  ],
  'CreateTokenRequest.expire_time': [
    new Date(0),
    new Date(Date.now() - 1),
    new Date(253_402_300_800_000),
  ].map(expireTime => [{ kind: 1, access: 1, expireTime }, 'OUT_OF_RANGE']),
  'ListTokensRequest.page_size': [[{ pageSize: -1 }, 'OUT_OF_RANGE']],
  'ListTokensRequest.page_token': [[{ pageToken: '1.first' }, 'INVALID_FORMAT']],
  'ListLeasesRequest.page_size': [[{ pageSize: -1 }, 'OUT_OF_RANGE']],
  'ListLeasesRequest.page_token': [[{ pageToken: '1.first' }, 'INVALID_FORMAT']],
  'DrainNodeRequest.node_id': [[{}, 'REQUIRED']],
  'RevokeTokenRequest.token_id': [[{}, 'REQUIRED']],
  'RotateTokenRequest.request_id': [[{ tokenId: 'k7f3q2', requestId: 'x' }, 'INVALID_FORMAT']],
  'RotateTokenRequest.token_id': [[{}, 'REQUIRED']],
  'RotateTokenRequest.grace_period': [
    { seconds: -1n, nanos: 0 },
    { seconds: 0n, nanos: -1 },
    { seconds: 86_400n, nanos: 1 },
    { seconds: 2n ** 62n, nanos: 0 },
  ].map(gracePeriod => [{ tokenId: 'k7f3q2', gracePeriod }, 'OUT_OF_RANGE']),
};

/** Fields in which everything is valid. */
const FREE = [
  'UpdateContactBlacklistRequest.replace',
  'UpdateContactBlacklistRequest.validate_only',
  'UpdateContactBlacklistRequest.etag',
  'UpdatePrivacySettingsRequest.validate_only',
  'ApplyPrivacySettingsRequest.validate_only',
  'ApplyPrivacySettingsRequest.detached',
  'UpdatePrivacySettingsRequest.etag',
  'DeleteInstanceRequest.etag',
  'DeleteInstanceRequest.allow_missing',
  'UpdateInstanceRequest.etag',
  'RevokeTokenRequest.allow_missing',
  'DrainNodeRequest.undo',
  'LinkInstanceRequest.passkey.compare_code',
];
/** Fields tested above, with every number. */
const SETTINGS = ['visibility', 'privacy', 'permissions'];

test('a change of an instance that changes nothing is refused', async () => {
  const refused = await refusal('UpdateInstance', { instance });
  expect(refused.violations).toEqual([' REQUIRED']);
  expect(refused.message).toBe('At least one property must be provided');
});

test('a change of a list that changes nothing is refused', async () => {
  const refused = await refusal('UpdateContactBlacklist', LIST);
  expect(refused.violations).toEqual([' REQUIRED']);
  expect(refused.message).toBe('At least one contact must be added or removed, or the list replaced');
});

test('a change of a list is refused with everything that is wrong at once', async () => {
  const refused = await refusal('UpdateContactBlacklist', {
    instance: 'No!',
    setting: 9,
    entriesToAdd: [number('1'), {}, lid('123@lid'), lid('123@lid')],
    entriesToRemove: [lid('123@lid'), lid('x')],
    requestId: '7',
  });
  expect(refused.violations).toEqual([
    'instance INVALID_FORMAT',
    'setting UNKNOWN_VALUE',
    'entries_to_add[0] INVALID_FORMAT',
    'entries_to_add[1] REQUIRED',
    'entries_to_add[3] DUPLICATE',
    'entries_to_remove[1] INVALID_FORMAT',
    'entries_to_remove[0] CONFLICTING',
    'request_id INVALID_FORMAT',
  ]);
});

test('a new token is refused with everything that is wrong at once', async () => {
  const expireTime = new Date(0);
  const request = { kind: 99, instance: 'No!', displayName: 'a\n', expireTime };
  const refused = await refusal('CreateToken', request);
  expect(refused.violations).toEqual([
    'kind UNKNOWN_VALUE',
    'instance INVALID_FORMAT',
    'access REQUIRED',
    'display_name INVALID_FORMAT',
    'expire_time OUT_OF_RANGE',
  ]);
  expect(refused.message).toBe('Invalid kind value: 99. Valid values: ACCOUNT, INSTANCE, SELECTOR');
});

describe('a broken rule is named by its field:', () => {
  const cases = Object.entries(BROKEN).flatMap(([path, broken]) =>
    broken.map(([request, reason]) => ({ path, request, reason })),
  );
  test.each(cases)('$path $reason', async ({ path, request, reason }) => {
    const field = path.slice(path.indexOf('.') + 1);
    const refused = await refusal(path.replace(/Request\..*/, ''), request);
    expect(refused.code).toBe('INVALID_ARGUMENT');
    expect(refused.violations).toEqual([`${field} ${reason}`]);
    expect(refused.info).toMatchObject({ reason: 'INVALID_REQUEST', metadata: { field } });
  });

  test('the limits themselves are allowed', async () => {
    const displayName = '\u{1F512}'.repeat(63);
    const created = await invoke(api, createInstance, { name: 'a'.repeat(63), displayName });
    expect(created.responses[0]?.instance).toMatchObject({ name: 'a'.repeat(63), displayName });
    const maxAge = { seconds: 0n, nanos: 0 };
    expect((await invoke(api, getPrivacySettings, { instance, maxAge })).code).toBe('OK');
    expect((await invoke(api, listInstances, { pageSize: 2 ** 31 - 1 })).code).toBe('OK');
    const wish = { kind: 1, access: 1, displayName: '\u{1F512}'.repeat(63) };
    const lasting = { ...wish, expireTime: new Date(253_402_300_799_999) };
    const made = await invoke(api, createToken, lasting);
    expect(made.responses[0]?.token).toMatchObject(lasting);
    const gracePeriod = { seconds: 86_400n, nanos: 0 };
    const id = made.responses[0]?.token?.id ?? '';
    expect((await invoke(api, rotateToken, { tokenId: id, gracePeriod })).code).toBe('OK');
  });
});

test('every field of every request that is answered has a rule, or is listed as free', () => {
  const { file } = fromBinary(
    FileDescriptorSetSchema,
    readFileSync(new URL('../../../gen/descriptor.binpb', import.meta.url)),
  );
  const messages = new Map(file.flatMap(one => one.messageType).map(message => [message.name, message]));
  const isMessage = (typeName: string, of: DescriptorProto) => typeName.includes(`${of.name}.`);

  /** Whether a field is `optional`, for which protoc makes a oneof of its own. */
  const isOptionalAt = (index: number) => (field: DescriptorProto['field'][number]) =>
    field.proto3Optional && field.oneofIndex === index;

  /** `Request.field` of each field; for a oneof its name, and what is in its cases. */
  const fieldsOf = (message: DescriptorProto, prefix: string): string[] => [
    ...message.oneofDecl
      .filter((_, index) => !message.field.some(isOptionalAt(index)))
      .map(({ name }) => `${prefix}.${name}`),
    ...message.field.flatMap(field => {
      const nested = message.nestedType.find(({ name }) =>
        field.typeName.endsWith(`${message.name}.${name}`),
      );
      if (nested && !nested.options?.mapEntry) return fieldsOf(nested, `${prefix}.${field.name}`);
      return !nested && isMessage(field.typeName, message) ? [] : [`${prefix}.${field.name}`];
    }),
  ];

  const fields = METHODS.flatMap(({ path }) => {
    const name = `${path.slice(path.lastIndexOf('/') + 1)}Request`;
    const message = messages.get(name);
    return message ? fieldsOf(message, name) : [`no ${name}`];
  });
  const settings = ['Update', 'Apply'].flatMap(method =>
    SETTINGS.map(group => `${method}PrivacySettingsRequest.${group}`),
  );
  const broken = new Set(Object.keys(BROKEN).map(path => path.replace(/\[[^\]]+\]$/, '')));
  expect([...broken, ...FREE, ...settings].sort()).toEqual(fields.sort());

  const groups = ['Visibility', 'Privacy', 'Permissions'].flatMap(name => messages.get(name)?.field ?? []);
  expect(groups).toHaveLength(11); // Nine writable and two read-only settings, as above.
});

/** The prefix of each enum, and the names that are no word of WhatsApp's. */
const PREFIXES: Readonly<Record<string, string>> = {
  last_seen: 'LAST_SEEN_VISIBILITY',
  status: 'STATUS_VISIBILITY',
  profile: 'PROFILE_VISIBILITY',
  online: 'ONLINE_VISIBILITY',
  read_receipts: 'READ_RECEIPTS_MODE',
  default_disappearing_timer: 'DEFAULT_DISAPPEARING_TIMER',
  call_add: 'CALL_ADD_PERMISSION',
  group_add: 'GROUP_ADD_PERMISSION',
  messages: 'MESSAGES_PERMISSION',
};
const TIMER: Readonly<Record<string, string>> = {
  '0': 'OFF',
  '86400': 'ONE_DAY',
  '604800': 'SEVEN_DAYS',
  '7776000': 'NINETY_DAYS',
};

function jsonNames(setting: string, words: string): string {
  const nameOf = (word: string) => `${PREFIXES[setting]}_${TIMER[word] ?? word.toUpperCase()}`;
  return words.split(', ').map(nameOf).join(', ');
}
