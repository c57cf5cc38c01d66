import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerCredentials, status } from '@grpc/grpc-js';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  BadRequest,
  ErrorInfo,
  PreconditionFailure,
  RequestInfo,
  RetryInfo,
} from '../../../gen/ts/google/rpc/error_details.js';
import {
  ErrorReason,
  PrivacyUpdateFailure,
  SettingOutcome,
  SettingOutcome_State,
} from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  Instance,
  Instance_ConnectionMode,
  Instance_Presence,
  Instance_State,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { OnFailure } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  CallAddPermission,
  LastSeenVisibility,
  PrivacySetting,
  PrivacySettings,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { certificate } from '../../support/certificate.js';
import { type Ended, run } from '../support/run.js';
import { type Answers, detail, failure, startService } from '../support/service.js';

const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A service with these answers, and the command line set up to call it. */
async function serviceWith(answers: Answers) {
  const service = await startService(answers);
  stops.push(service.stop);
  const env = { WA_PRIVACY_SERVER: service.address, WA_PRIVACY_TOKEN: 'wap_abc' };
  return { ...service, cli: (...args: string[]) => run(args, { env, cwd: folder }) };
}

const json = ({ stdout }: Ended): unknown => JSON.parse(stdout);

const desk = Instance.fromPartial({
  name: 'support-desk',
  displayName: 'Support',
  state: Instance_State.CONNECTED,
  maskedPhoneNumber: '+*******0123',
  linkTime: new Date('2026-01-31T12:00:00Z'),
  etag: 'e1',
});

const settings = PrivacySettings.fromPartial({
  visibility: { lastSeen: LastSeenVisibility.NONE },
  permissions: { callAdd: CallAddPermission.KNOWN },
  categories: [
    { category: 'pix', value: 'all' },
    { category: 'last', value: 'none' },
    { category: 'calladd', value: 'known' },
    { category: 'online', value: 'somebody' },
  ],
  unreadableCategories: [{ category: 'groupadd', whatsappCode: 500, whatsappText: 'internal' }],
  observeTime: new Date('2026-01-31T12:00:00Z'),
  etag: '3q2-7w',
});

const outcome = (setting: PrivacySetting, state: SettingOutcome_State, rest: Partial<SettingOutcome> = {}) =>
  SettingOutcome.fromPartial({ setting, state, previousValue: 'all', requestedValue: 'none', ...rest });

describe('instance', () => {
  test('create shows the instance and its token', async () => {
    const { cli, calls } = await serviceWith({
      createInstance: () => ({ instance: desk, token: undefined, secret: 'wap_new' }),
    });
    const { code, stdout, stderr } = await cli(
      'instance',
      'create',
      'support-desk',
      '--display-name',
      'Support',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^name +support-desk\n/);
    expect(stdout).toContain('wap_new');
    expect(calls[0]?.request).toMatchObject({ name: 'support-desk', displayName: 'Support' });
    expect(calls[0]?.metadata.get('authorization')).toEqual(['Bearer wap_abc']);
  });

  test('list shows every page', async () => {
    const { cli } = await serviceWith({
      listInstances: ({ pageToken }) =>
        pageToken === ''
          ? { instances: [desk], nextPageToken: 'more' }
          : { instances: [{ ...desk, name: 'bot-2', state: Instance_State.UNLINKED }], nextPageToken: '' },
    });
    expect((await cli('instance', 'list')).stdout).toMatch(/support-desk.*CONNECTED[\s\S]*bot-2.*UNLINKED/);
    expect(json(await cli('instance', 'list', '--json'))).toMatchObject({
      instances: [{ name: 'support-desk', state: 'STATE_CONNECTED' }, { name: 'bot-2' }],
    });
  });

  test('get shows text of others without what could command the terminal', async () => {
    const { cli } = await serviceWith({
      getInstance: () => ({ instance: { ...desk, stateReason: 'red \u001b[31malert' } }),
    });
    expect((await cli('instance', 'get', 'support-desk')).stdout).toContain('red \uFFFD[31malert');
  });

  test('get copes with a state newer than this build', async () => {
    const { cli } = await serviceWith({
      getInstance: () => ({ instance: { ...desk, state: 42 as Instance_State } }),
    });
    expect((await cli('instance', 'get', 'support-desk')).stdout).toMatch(/state +number 42/);
    expect(json(await cli('instance', 'get', 'support-desk', '--json'))).toMatchObject({
      instance: { state: 42 },
    });
  });

  test('update sends what is to change, and nothing else', async () => {
    const { cli, calls } = await serviceWith({
      updateInstance: () => ({ instance: { ...desk, connectionMode: Instance_ConnectionMode.ON_DEMAND } }),
    });
    const update = (...flags: string[]) => cli('instance', 'update', 'support-desk', ...flags);
    expect((await update('--connection-mode', 'on_demand')).stdout).toMatch(/connection mode +on_demand/);
    await update('--display-name', '', '--connection-mode', 'default');
    await update('--presence', 'pulse');
    await update('--display-name', 'Desk', '--etag', '3q2-7w');
    await update('--labels', 'env=prod,vip=', '--remove-labels', 'old,site');
    const { ON_DEMAND, UNSPECIFIED } = Instance_ConnectionMode;
    const unsaid = { displayName: undefined, connectionMode: undefined, presence: undefined, etag: '' };
    const nothing = { ...unsaid, labelsToSet: {}, labelsToRemove: [] };
    const labels = { labelsToSet: { env: 'prod', vip: '' }, labelsToRemove: ['old', 'site'] };
    expect(calls.map(call => call.request)).toEqual([
      { ...nothing, instance: 'support-desk', connectionMode: ON_DEMAND },
      { ...nothing, instance: 'support-desk', displayName: '', connectionMode: UNSPECIFIED },
      { ...nothing, instance: 'support-desk', presence: Instance_Presence.PULSE },
      { ...nothing, instance: 'support-desk', displayName: 'Desk', etag: '3q2-7w' },
      { ...nothing, instance: 'support-desk', ...labels },
    ]);
    expect((await update()).code).toBe(2);
    expect((await update('--connection-mode', 'sometimes')).code).toBe(2);
    expect((await update('--presence', 'always')).code).toBe(2);
    for (const wrong of ['Env=prod', 'env', 'env=a b', 'env=a,env=b'])
      expect((await update('--labels', wrong)).code).toBe(2);
    expect(calls).toHaveLength(5);
  });

  test('delete sends nothing without --yes where nobody can be asked', async () => {
    const { cli, calls } = await serviceWith({ deleteInstance: () => ({}) });
    expect(await cli('instance', 'delete', 'support-desk')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'error: without a terminal this needs --yes\n',
    });
    expect(calls).toEqual([]);
    expect((await cli('instance', 'delete', 'support-desk', '--yes')).code).toBe(0);
    await cli('instance', 'delete', 'support-desk', '--yes', '--etag', '3q2-7w');
    expect(calls.map(call => call.request)).toEqual([
      { instance: 'support-desk', etag: '', allowMissing: false, requestId: '' },
      { instance: 'support-desk', etag: '3q2-7w', allowMissing: false, requestId: '' },
    ]);
  });

  test.each(['unlink', 'reconnect'] as const)('%s shows the instance', async command => {
    const { cli, calls } = await serviceWith({ [`${command}Instance`]: () => ({ instance: desk }) });
    expect((await cli(command, 'support-desk')).stdout).toContain('support-desk');
    expect(calls[0]?.request).toEqual({ instance: 'support-desk' });
  });
});

describe('link', () => {
  const qrCode = (payload: string) =>
    ({
      event: { $case: 'qrCode', value: { payload, expireTime: new Date('2026-01-31T12:00:00Z') } },
    }) as const;
  const linked = { event: { $case: 'linked', value: desk } } as const;

  test('prints a line for each code and then the instance, where stdout is no terminal', async () => {
    const { cli, calls } = await serviceWith({
      *linkInstance() {
        yield qrCode('2@first');
        yield qrCode('2@second');
        yield linked;
      },
    });
    const { code, stdout, stderr } = await cli('link', 'support-desk');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^2@first\n2@second\nname +support-desk\n/);
    expect(calls[0]?.request).toEqual({
      instance: 'support-desk',
      method: { $case: 'qr', value: {} },
      passkey: { compareCode: false },
    });
  });

  test('prints JSON lines, the last of which is the failure', async () => {
    const { cli, calls } = await serviceWith({
      *linkInstance() {
        yield { event: { $case: 'pairingCode', value: { code: 'ABCD1234', expireTime: undefined } } };
        throw failure(status.DEADLINE_EXCEEDED, 'Nobody used the code in time', [
          detail('google.rpc.ErrorInfo', ErrorInfo, {
            reason: 'LINK_TIMED_OUT',
            domain: 'wa-privacy',
            metadata: { instance: 'support-desk' },
          }),
        ]);
      },
    });
    const { code, stdout } = await cli('link', 'support-desk', '--code', '+15550100123', '--json');
    expect(code).toBe(1);
    expect(
      stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).toEqual([
      { pairingCode: { code: 'ABCD1234' } },
      {
        error: {
          code: 'DEADLINE_EXCEEDED',
          reason: 'LINK_TIMED_OUT',
          message: 'Nobody used the code in time',
          details: [
            {
              '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
              reason: 'LINK_TIMED_OUT',
              domain: 'wa-privacy',
              metadata: { instance: 'support-desk' },
            },
          ],
        },
      },
    ]);
    expect(calls[0]?.request).toMatchObject({ method: { value: { phoneNumber: '+15550100123' } } });
  });
});

describe('privacy get', () => {
  test('shows every setting, with what has no name and what could not be read', async () => {
    const { cli, calls } = await serviceWith({ getPrivacySettings: () => ({ settings }) });
    const { stdout } = await cli('privacy', 'get', 'support-desk', '--max-age', '1.5s');
    expect(stdout).toMatch(/last_seen +│ none /);
    expect(stdout).toMatch(/call_add +│ known /);
    expect(stdout).toMatch(/online +│ somebody /);
    expect(stdout).toMatch(/group_add +│ unreadable \(500 internal\) /);
    expect(stdout).toMatch(/pix +│ all /);
    expect(stdout).toMatch(/messages +│ – /);
    expect(stdout).toMatch(/etag +3q2-7w\n/);
    expect(calls[0]?.request).toEqual({
      instance: 'support-desk',
      maxAge: { seconds: 1n, nanos: 500_000_000 },
    });
  });

  test('prints the answer of the API as JSON', async () => {
    const { cli, calls } = await serviceWith({ getPrivacySettings: () => ({ settings }) });
    expect(json(await cli('privacy', 'get', 'support-desk', '--json'))).toMatchObject({
      settings: { visibility: { lastSeen: 'LAST_SEEN_VISIBILITY_NONE' }, etag: '3q2-7w' },
    });
    expect(calls[0]?.request).toMatchObject({ maxAge: undefined });
  });
});

describe('privacy set', () => {
  test('sends exactly what was asked for and shows each outcome', async () => {
    const { cli, calls } = await serviceWith({
      updatePrivacySettings: () => ({
        settings,
        outcomes: [
          outcome(PrivacySetting.LAST_SEEN, SettingOutcome_State.APPLIED),
          outcome(PrivacySetting.CALL_ADD, SettingOutcome_State.UNCHANGED, {
            previousValue: '',
            requestedValue: 'known',
          }),
        ],
      }),
    });
    const { code, stdout } = await cli('privacy', 'set', 'support-desk', 'last_seen=none', 'call_add=known');
    expect(code).toBe(0);
    expect(stdout).toMatch(/last_seen +│ APPLIED +│ all → none /);
    expect(stdout).toMatch(/call_add +│ UNCHANGED +│ – → known /);
    expect(calls.map(call => call.request)).toEqual([
      {
        instance: 'support-desk',
        visibility: { lastSeen: LastSeenVisibility.NONE },
        privacy: undefined,
        permissions: { callAdd: CallAddPermission.KNOWN },
        onFailure: OnFailure.STOP,
        validateOnly: false,
        etag: '',
        requestId: '',
      },
    ]);
  });

  test('passes on what to do after a failure, the etag and the request id', async () => {
    const { cli, calls } = await serviceWith({ updatePrivacySettings: () => ({ settings, outcomes: [] }) });
    const requestId = '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11';
    const options = [
      '--on-failure',
      'roll_back',
      '--validate-only',
      '--etag',
      'e1',
      '--request-id',
      requestId,
    ];
    await cli('privacy', 'set', 'support-desk', 'last_seen=none', ...options);
    expect(calls[0]?.request).toMatchObject({
      onFailure: OnFailure.ROLL_BACK,
      validateOnly: true,
      etag: 'e1',
      requestId,
    });
  });

  test('calls nothing when something is misspelt, and names all of it', async () => {
    const { cli, calls } = await serviceWith({});
    const { code, stdout, stderr } = await cli(
      'privacy',
      'set',
      'support-desk',
      'last_sen=none',
      'online=al',
      '--json',
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: last_sen=none: .*did you mean last_seen\?.*\nerror: online=al: .*\n$/);
    expect(calls).toEqual([]);
  });

  describe('when a part of it fails', () => {
    const answers: Answers = {
      updatePrivacySettings() {
        throw failure(status.ABORTED, 'failed to update groupAdd privacy: WhatsApp refused', [
          detail('google.rpc.ErrorInfo', ErrorInfo, {
            reason: 'PARTIAL_UPDATE',
            domain: 'wa-privacy',
            metadata: {},
          }),
          detail('google.rpc.RequestInfo', RequestInfo, { requestId: 'r-17', servingData: '' }),
          detail('whatsapp.privacy.v1.PrivacyUpdateFailure', PrivacyUpdateFailure, {
            instance: 'support-desk',
            outcomes: [
              outcome(PrivacySetting.LAST_SEEN, SettingOutcome_State.APPLIED),
              outcome(PrivacySetting.GROUP_ADD, SettingOutcome_State.FAILED, {
                reason: ErrorReason.WHATSAPP_REJECTED,
                message: 'WhatsApp refused',
                whatsappCode: 403,
              }),
            ],
            settings,
          }),
        ]);
      },
    };
    const set = ['privacy', 'set', 'support-desk', 'last_seen=none', 'group_add=contacts'];

    test('ends with 1 and shows what became of each setting', async () => {
      const { code, stdout, stderr } = await (await serviceWith(answers)).cli(...set);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(
        /^ABORTED PARTIAL_UPDATE: failed to update groupAdd privacy: WhatsApp refused\n/,
      );
      expect(stderr).toMatch(/last_seen +│ APPLIED /);
      expect(stderr).toMatch(/group_add +│ FAILED +│ all → none +│ WHATSAPP_REJECTED: WhatsApp refused /);
      expect(stderr).toContain('request id r-17\n');
    });

    test('prints it as one JSON document', async () => {
      const ended = await (await serviceWith(answers)).cli(...set, '--json');
      expect(ended).toMatchObject({ code: 1, stderr: '' });
      expect(json(ended)).toMatchObject({
        error: {
          code: 'ABORTED',
          reason: 'PARTIAL_UPDATE',
          message: 'failed to update groupAdd privacy: WhatsApp refused',
          requestId: 'r-17',
          details: [
            { '@type': 'type.googleapis.com/google.rpc.ErrorInfo' },
            { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId: 'r-17' },
            {
              '@type': 'type.googleapis.com/whatsapp.privacy.v1.PrivacyUpdateFailure',
              outcomes: [
                { setting: 'PRIVACY_SETTING_LAST_SEEN', state: 'STATE_APPLIED' },
                { setting: 'PRIVACY_SETTING_GROUP_ADD', state: 'STATE_FAILED', whatsappCode: 403 },
              ],
              settings: { etag: '3q2-7w' },
            },
          ],
        },
      });
    });
  });
});

describe('a failed call', () => {
  test('says what is wrong with each field, and when to try again', async () => {
    const { cli } = await serviceWith({
      getPrivacySettings() {
        throw failure(status.UNAVAILABLE, 'Instance is not connected to WhatsApp', [
          detail('google.rpc.ErrorInfo', ErrorInfo, {
            reason: 'INSTANCE_NOT_CONNECTED',
            domain: 'wa-privacy',
            metadata: {},
          }),
          detail('google.rpc.BadRequest', BadRequest, {
            fieldViolations: [
              {
                field: 'instance',
                description: 'must be a name',
                reason: 'INVALID_FORMAT',
                localizedMessage: undefined,
              },
            ],
          }),
          detail('google.rpc.PreconditionFailure', PreconditionFailure, {
            violations: [{ type: 'x', subject: 'support-desk', description: 'link it first' }],
          }),
          detail('google.rpc.RetryInfo', RetryInfo, { retryDelay: { seconds: 12n, nanos: 500_000_000 } }),
        ]);
      },
    });
    expect((await cli('privacy', 'get', 'x')).stderr).toBe(
      [
        'UNAVAILABLE INSTANCE_NOT_CONNECTED: Instance is not connected to WhatsApp',
        '  instance: must be a name',
        '  support-desk: link it first',
        '  try again in 12.5 s',
        '',
      ].join('\n'),
    );
    expect(json(await cli('privacy', 'get', 'x', '--json'))).toMatchObject({
      error: { details: expect.arrayContaining([expect.objectContaining({ retryDelay: '12.5s' })]) },
    });
  });

  test('with details nobody knows still prints them, and with broken details still tells the status', async () => {
    const { cli } = await serviceWith({
      getInstance() {
        throw failure(status.NOT_FOUND, 'gone', [
          { typeUrl: 'type.googleapis.com/a.B', value: Buffer.from('hi') },
        ]);
      },
      getPrivacySettings() {
        throw failure(status.NOT_FOUND, 'gone', [
          { typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value: Buffer.from([0xff]) },
        ]);
      },
    });
    expect(json(await cli('instance', 'get', 'x', '--json'))).toMatchObject({
      error: { details: [{ '@type': 'type.googleapis.com/a.B', value: 'aGk=' }] },
    });
    expect(await cli('privacy', 'get', 'x')).toMatchObject({ code: 1, stderr: 'NOT_FOUND: gone\n' });
  });

  test('because nobody listens names the address', async () => {
    const { address, stop } = await startService({});
    stop();
    const env = { WA_PRIVACY_TOKEN: 'wap_abc' };
    const { code, stderr } = await run(['instance', 'list', '--server', address], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^UNAVAILABLE: /);
    expect(stderr).toContain(`is the service running at ${address}?`);
  });

  test('that gets no answer ends with the timeout', async () => {
    const mute = createServer().listen(0, '127.0.0.1');
    await once(mute, 'listening');
    stops.push(() => mute.close());
    const { port } = mute.address() as AddressInfo;
    const list = ['instance', 'list', '--server', `127.0.0.1:${port}`, '--timeout', '200ms'];
    expect(await run(list, { env: { WA_PRIVACY_TOKEN: 'wap_abc' } })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^DEADLINE_EXCEEDED: /),
    });
  });
});

describe('the token', () => {
  const answers: Answers = { listInstances: () => ({ instances: [], nextPageToken: '' }) };
  const path = join(folder, 'token');
  writeFileSync(path, 'wap_file\n');
  const dataDir = join(folder, 'elsewhere');
  for (const dir of [dataDir, join(folder, 'data')]) mkdirSync(dir);
  writeFileSync(join(folder, 'data', 'account-token'), 'wap_data\n');
  writeFileSync(join(dataDir, 'account-token'), 'wap_elsewhere\n');

  test.each([
    ['the flag', ['--token-file', path], { WA_PRIVACY_TOKEN: 'wap_env' }, 'wap_file'],
    ['the variable', [], { WA_PRIVACY_TOKEN: 'wap_env' }, 'wap_env'],
    ['the file of the variable', [], { WA_PRIVACY_TOKEN_FILE: path }, 'wap_file'],
    ['the data folder', [], {}, 'wap_data'],
    ['another data folder', [], { WA_PRIVACY_DATA_DIR: dataDir }, 'wap_elsewhere'],
  ])('comes from %s', async (_, flags, env, token) => {
    const { address, calls, stop } = await startService(answers);
    stops.push(stop);
    await run(['instance', 'list', '--server', address, ...flags], { env, cwd: folder });
    expect(calls[0]?.metadata.get('authorization')).toEqual([`Bearer ${token}`]);
  });

  test.each([
    ['none is found', [], {}],
    ['both variables are set', [], { WA_PRIVACY_TOKEN: 'a', WA_PRIVACY_TOKEN_FILE: path }],
    ['its file is not there', ['--token-file', '/nowhere'], {}],
  ])('is missing when %s', async (_, flags, env) => {
    const { code, stderr } = await run(['instance', 'list', ...flags], { env, cwd: tmpdir() });
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(/^error: /) });
  });

  test('of the data folder goes to no other machine', async () => {
    const ended = await run(['instance', 'list', '--server', '192.0.2.1:50051'], { cwd: folder });
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('no token') });
  });
});

describe('TLS', () => {
  const { cert, key } = certificate();
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);

  test('with an own CA and an own certificate reaches a service that wants both', async () => {
    const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };
    const credentials = ServerCredentials.createSsl(Buffer.from(cert), [pair], true);
    const service = await startService(
      { listInstances: () => ({ instances: [desk], nextPageToken: '' }) },
      credentials,
    );
    stops.push(service.stop);
    const list = ['instance', 'list', '--server', service.address.replace('127.0.0.1', 'localhost')];
    const env = { WA_PRIVACY_TOKEN: 'wap_abc' };
    const own = ['--ca-file', files.cert, '--cert-file', files.cert, '--key-file', files.key];
    expect(await run([...list, ...own], { env })).toMatchObject({ code: 0 });
    expect(await run([...list, '--tls'], { env })).toMatchObject({ code: 1 });
    expect(await run([...list, '--key-file', files.key], { env })).toMatchObject({ code: 2 });
  });
});
