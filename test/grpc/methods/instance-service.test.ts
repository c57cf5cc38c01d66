import { describe, expect, test } from 'vitest';
import {
  Instance_ConnectionMode,
  Instance_OfflineQueue,
  Instance_Presence,
  Instance_State,
  InstanceServiceService,
  type ListInstancesRequest,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { Token_Access, Token_Kind } from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { PrivacyError } from '../../../src/domain/errors.js';
import { instanceEtag } from '../../../src/domain/instance.js';
import type { LinkMethod } from '../../../src/instances/ports/ports.js';
import { type Api, startApi } from '../support/api.js';
import { connected, MADE_AT } from '../support/instances.js';
import { invoke } from '../support/invoke.js';

const service = InstanceServiceService;

describe('CreateInstance', () => {
  test('answers with the instance, its first token and the secret of that', async () => {
    const api = await startApi();
    const { responses } = await invoke(api, service.createInstance, {
      name: 'desk',
      displayName: 'The desk',
    });
    expect(responses[0]?.instance).toMatchObject({
      name: 'desk',
      displayName: 'The desk',
      state: Instance_State.UNLINKED,
    });
    expect(responses[0]?.token).toMatchObject({
      kind: Token_Kind.INSTANCE,
      instance: 'desk',
      access: Token_Access.READ_WRITE,
    });
    const { secret = '' } = responses[0] ?? {};
    expect((await invoke(api, service.getInstance, { instance: 'desk' }, { secret })).code).toBe('OK');
  });

  test('makes up a name when none is given', async () => {
    const api = await startApi();
    const made = await Promise.all([1, 2].map(() => invoke(api, service.createInstance, {})));
    const names = made.map(({ responses }) => responses[0]?.instance?.name);
    expect(names).toEqual([expect.stringMatching(/^[a-z0-9-]+$/), expect.stringMatching(/^[a-z0-9-]+$/)]);
    expect(new Set(names).size).toBe(2);
  });

  test('with a name that is taken answers INSTANCE_ALREADY_EXISTS', async () => {
    const api = await startApi();
    await api.addInstance('desk');
    const ended = await invoke(api, service.createInstance, { name: 'desk' });
    expect(ended.code).toBe('ALREADY_EXISTS');
    expect(ended.detail('google.rpc.ResourceInfo')?.resourceName).toBe('desk');
  });

  test('repeated with its request_id answers the same, and its secret still works', async () => {
    const api = await startApi();
    const request = { requestId: '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11' };
    const first = await invoke(api, service.createInstance, request);
    const again = await invoke(api, service.createInstance, request);
    expect(first.responses[0]?.secret).toMatch(/^wap_/);
    expect(again.responses).toEqual(first.responses);
    const { instance, secret = '' } = first.responses[0] ?? {};
    const read = await invoke(api, service.getInstance, { instance: instance?.name ?? '' }, { secret });
    expect(read.code).toBe('OK');
    expect(api.instances.list({ after: '', limit: 9, state: undefined }).instances).toHaveLength(1);
  });

  test('repeated after the instance was deleted makes another', async () => {
    const api = await startApi();
    const request = { name: 'desk', requestId: '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11' };
    const first = await invoke(api, service.createInstance, request);
    await invoke(api, service.deleteInstance, { instance: 'desk' });
    const again = await invoke(api, service.createInstance, request);
    expect(again.responses[0]?.secret).toMatch(/^wap_/);
    expect(again.responses[0]?.token?.id).not.toBe(first.responses[0]?.token?.id);
    expect((await invoke(api, service.getInstance, { instance: 'desk' })).code).toBe('OK');
  });

  test('gives one secret when it arrives twice at the same time', async () => {
    const api = await startApi();
    const request = { requestId: '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11' };
    const both = await Promise.all([1, 2].map(() => invoke(api, service.createInstance, request)));
    expect(new Set(both.map(({ responses }) => responses[0]?.secret)).size).toBe(1);
  });

  test.each([
    ['an instance token', 'INSTANCE', 'READ_WRITE'],
    ['an account token that only reads', 'ACCOUNT', 'READ_ONLY'],
  ] as const)('is denied to %s', async (_, kind, access) => {
    const api = await startApi();
    await api.addInstance('desk');
    const instance = kind === 'INSTANCE' ? 'desk' : undefined;
    const { secret } = await api.tokens.mint({ kind, instance, access, displayName: '' });
    const ended = await invoke(api, service.createInstance, { name: 'other' }, { secret });
    expect(ended.code).toBe('PERMISSION_DENIED');
    expect(ended.detail('google.rpc.ErrorInfo')?.metadata).toEqual({
      method: 'whatsapp.privacy.v1.InstanceService/CreateInstance',
    });
  });
});

describe('GetInstance', () => {
  test('answers with the instance, its phone number masked', async () => {
    const api = await startApi();
    await api.addInstance('desk');
    const instance = {
      ...connected('desk'),
      nextAttemptTime: MADE_AT,
      connectionMode: 'ALWAYS' as const,
      proxy: 'socks5://proxy.example:1080',
      lastPresenceTime: MADE_AT,
      presence: 'PULSE' as const,
      labels: { env: 'prod' },
    };
    api.instances.get = () => instance;
    const { responses } = await invoke(api, service.getInstance, { instance: 'desk' });
    expect(responses[0]?.instance).toEqual({
      name: 'desk',
      displayName: 'The desk',
      state: Instance_State.CONNECTED,
      stateReason: '',
      maskedPhoneNumber: '+*******0123',
      createTime: MADE_AT,
      linkTime: MADE_AT,
      lastConnectTime: MADE_AT,
      nextAttemptTime: MADE_AT,
      etag: instanceEtag(instance),
      connectionMode: Instance_ConnectionMode.ALWAYS,
      proxy: 'socks5://proxy.example:1080',
      offlineQueue: Instance_OfflineQueue.DRAINED,
      lastPresenceTime: MADE_AT,
      presence: Instance_Presence.PULSE,
      labels: { env: 'prod' },
    });
  });
});

describe('ListInstances', () => {
  const names = async (api: Api, request: Partial<ListInstancesRequest>, secret = api.secret) => {
    const { responses } = await invoke(api, service.listInstances, request, { secret });
    return responses[0]?.instances.map(({ name }) => name);
  };

  test('goes through all instances page by page, by name', async () => {
    const api = await startApi();
    for (const name of ['c', 'a', 'e', 'b', 'd']) await api.addInstance(name);
    const pages: string[][] = [];
    let pageToken = '';
    do {
      const { responses } = await invoke(api, service.listInstances, { pageSize: 2, pageToken });
      pages.push(responses[0]?.instances.map(({ name }) => name) ?? []);
      pageToken = responses[0]?.nextPageToken ?? '';
      expect(pageToken).not.toMatch(/^[a-e]$/);
    } while (pageToken);
    expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  test('asks for 50 instances by default, and for 200 at most', async () => {
    const api = await startApi();
    const limits: number[] = [];
    api.instances.list = ({ limit }) => {
      limits.push(limit);
      return { instances: [], more: false };
    };
    for (const pageSize of [0, 7, 200, 201]) await invoke(api, service.listInstances, { pageSize });
    expect(limits).toEqual([50, 7, 200, 200]);
  });

  test('leaves out other states', async () => {
    const api = await startApi();
    await api.addInstance('a');
    expect(await names(api, { state: Instance_State.UNLINKED })).toEqual(['a']);
    expect(await names(api, { state: Instance_State.CONNECTED })).toEqual([]);
  });

  test('shows an instance token only its own', async () => {
    const api = await startApi();
    await api.addInstance('a');
    const secret = await api.addInstance('b');
    await api.addInstance('c');
    expect(await names(api, { pageSize: 1 }, secret)).toEqual(['b']);
    expect(await names(api, { state: Instance_State.CONNECTED }, secret)).toEqual([]);
  });
});

describe('DeleteInstance', () => {
  test('ends the tokens of the instance at once', async () => {
    const api = await startApi();
    const secret = await api.addInstance('desk');
    expect((await invoke(api, service.getInstance, { instance: 'desk' }, { secret })).code).toBe('OK');
    expect((await invoke(api, service.deleteInstance, { instance: 'desk' })).code).toBe('OK');
    expect((await invoke(api, service.getInstance, { instance: 'desk' }, { secret })).code).toBe(
      'UNAUTHENTICATED',
    );
    expect((await invoke(api, service.getInstance, { instance: 'desk' })).code).toBe('NOT_FOUND');
  });

  test('with allow_missing is OK when there is none, and without it is not', async () => {
    const api = await startApi();
    const missing = { instance: 'desk' };
    expect((await invoke(api, service.deleteInstance, missing)).code).toBe('NOT_FOUND');
    expect((await invoke(api, service.deleteInstance, { ...missing, allowMissing: true })).code).toBe('OK');
  });

  test('repeated with its request_id is OK, and leaves an instance alone that was made since', async () => {
    const api = await startApi();
    await api.addInstance('desk');
    const request = { instance: 'desk', requestId: '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11' };
    expect((await invoke(api, service.deleteInstance, request)).code).toBe('OK');
    expect((await invoke(api, service.deleteInstance, request)).code).toBe('OK');
    await api.addInstance('desk');
    expect((await invoke(api, service.deleteInstance, request)).code).toBe('OK');
    expect((await invoke(api, service.getInstance, { instance: 'desk' })).code).toBe('OK');
  });

  test.each([
    ['', undefined],
    ['abc', 'abc'],
  ])('with the etag "%s" checks for %s', async (etag, expected) => {
    const api = await startApi();
    const etags: (string | undefined)[] = [];
    api.instances.delete = async (_name, given) => void etags.push(given);
    await invoke(api, service.deleteInstance, { instance: 'desk', etag });
    expect(etags).toEqual([expected]);
  });
});

describe('LinkInstance', () => {
  const link = { instance: 'desk', method: { $case: 'qr', value: {} } } as const;

  test('streams every code, then the linked instance, then ends', async () => {
    const api = await startApi();
    await api.addInstance('desk');
    const ended = await invoke(api, service.linkInstance, link);
    expect(ended.code).toBe('OK');
    const expireTime = new Date(MADE_AT.getTime() + 60_000);
    expect(ended.responses).toMatchObject([
      { event: { $case: 'qrCode', value: { payload: '1@first', expireTime } } },
      { event: { $case: 'qrCode', value: { payload: '1@second', expireTime } } },
      { event: { $case: 'linked', value: { name: 'desk', state: Instance_State.CONNECTED } } },
    ]);
    expect(ended.metadata.get('x-request-id')).toHaveLength(1);
    expect(ended.metadata.get('x-ratelimit-limit')).toHaveLength(1);
  });

  test('hands on the phone number, and streams the pairing code', async () => {
    const api = await startApi();
    const methods: LinkMethod[] = [];
    api.instances.link = async function* (_name, method) {
      methods.push(method);
      yield { kind: 'code', code: { kind: 'pairing_code', code: 'ABCD1234', expiresAt: MADE_AT } };
    };
    const method = { $case: 'pairingCode', value: { phoneNumber: '+15550100123' } } as const;
    const ended = await invoke(api, service.linkInstance, { instance: 'desk', method });
    expect(methods).toEqual([{ kind: 'pairing_code', phoneNumber: '+15550100123' }]);
    expect(ended.responses).toEqual([
      { event: { $case: 'pairingCode', value: { code: 'ABCD1234', expireTime: MADE_AT } } },
    ]);
  });

  test('that fails after a code answers with the error, details included', async () => {
    const api = await startApi();
    api.instances.link = async function* () {
      yield { kind: 'code', code: { kind: 'qr', code: '1@first', expiresAt: MADE_AT } };
      throw new PrivacyError({ kind: 'LINK_TIMED_OUT', instance: 'desk' });
    };
    const ended = await invoke(api, service.linkInstance, link);
    expect(ended.responses).toHaveLength(1);
    expect(ended.code).toBe('DEADLINE_EXCEEDED');
    expect(ended.detail('google.rpc.ErrorInfo')?.reason).toBe('LINK_TIMED_OUT');
    expect(ended.metadata.get('x-request-id')).toHaveLength(1);
  });

  test.each([
    [
      'before it iterates',
      () => {
        throw new Error('hunter2');
      },
    ],
    [
      'while it iterates',
      () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('hunter2')) }) }),
    ],
  ])('with a fault %s answers INTERNAL', async (_, fault) => {
    const api = await startApi();
    api.instances.link = fault;
    const ended = await invoke(api, service.linkInstance, link);
    expect(ended.code).toBe('INTERNAL');
    expect(ended.detailTypes).toEqual(['google.rpc.ErrorInfo', 'google.rpc.RequestInfo']);
    expect(ended.message).not.toContain('hunter2');
  });

  test('of an unknown instance answers INSTANCE_NOT_FOUND', async () => {
    expect((await invoke(await startApi(), service.linkInstance, link)).code).toBe('NOT_FOUND');
  });
});

describe('UnlinkInstance and ReconnectInstance', () => {
  test('answer with the instance as it is then', async () => {
    const api = await startApi();
    await api.addInstance('desk');
    const unlinked = await invoke(api, service.unlinkInstance, { instance: 'desk' });
    expect(unlinked.responses[0]?.instance?.state).toBe(Instance_State.UNLINKED);
    const reconnected = await invoke(api, service.reconnectInstance, { instance: 'desk' });
    expect(reconnected.responses[0]?.instance?.state).toBe(Instance_State.CONNECTING);
  });

  test('tell in plain words that nothing is linked', async () => {
    const api = await startApi();
    api.instances.reconnect = () => {
      throw new PrivacyError({ kind: 'INSTANCE_NOT_LINKED', instance: 'desk', state: 'UNLINKED' });
    };
    const ended = await invoke(api, service.reconnectInstance, { instance: 'desk' });
    expect(ended.message).toBe('No account is linked to the instance; call LinkInstance');
  });
});

test('a token that only reads may read, and change nothing', async () => {
  const api = await startApi();
  const secret = await api.addInstance('desk', 'READ_ONLY');
  const { getPrivacySettings, updatePrivacySettings } = PrivacyServiceService;
  expect((await invoke(api, getPrivacySettings, { instance: 'desk' }, { secret })).code).toBe('OK');
  const update = { instance: 'desk', visibility: { lastSeen: 4 } };
  expect((await invoke(api, updatePrivacySettings, update, { secret })).code).toBe('PERMISSION_DENIED');
});
