import { readFileSync } from 'node:fs';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  GetPrivacySettingsRequest,
  PrivacyServiceService,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { PrivacyError, type Problem, type Reason } from '../../../src/domain/errors.js';
import type { Row } from '../../../src/grpc/errors/problem-rows.js';
import { events } from '../../../src/observability/events.js';
import { createLogger } from '../../../src/observability/logger.js';
import { startApi } from '../support/api.js';
import { invoke } from '../support/invoke.js';
import { promisedDetails, promisedPushback } from '../support/promised.js';

const { getPrivacySettings } = PrivacyServiceService;
const instance = 'support-desk';
const method = 'whatsapp.privacy.v1.PrivacyService/GetPrivacySettings';
const nextAttemptTime = new Date('2026-01-31T12:00:00.123Z');

/** Problems with the data of the contract's examples. */
const PROBLEMS: { [Kind in Reason]: Problem & { kind: Kind } } = {
  INVALID_REQUEST: {
    kind: 'INVALID_REQUEST',
    violations: [
      {
        field: 'privacy.read_receipts',
        reason: 'UNKNOWN_VALUE',
        description: 'Invalid readReceipts value: 99. Valid values: all, none',
        value: '99',
        validValues: 'all, none',
        validEnumValues: 'READ_RECEIPTS_MODE_ALL, READ_RECEIPTS_MODE_NONE',
      },
    ],
  },
  CONTACT_UNKNOWN: {
    kind: 'CONTACT_UNKNOWN',
    instance,
    setting: 'last_seen',
    violations: [
      {
        field: 'entries_to_add[3]',
        reason: 'CONTACT_UNKNOWN',
        description: 'entries_to_add[3] is not on WhatsApp',
      },
      {
        field: 'entries_to_add[7]',
        reason: 'CONTACT_UNKNOWN',
        description: 'entries_to_add[7] is not on WhatsApp',
      },
    ],
  },
  MALFORMED_MESSAGE: {
    kind: 'MALFORMED_MESSAGE',
    method: 'whatsapp.privacy.v1.PrivacyService/UpdatePrivacySettings',
  },
  MALFORMED_CALL: { kind: 'MALFORMED_CALL', part: 'TIMEOUT' },
  MESSAGE_TOO_LARGE: { kind: 'MESSAGE_TOO_LARGE', maximumBytes: 65_536 },
  METHOD_UNKNOWN: { kind: 'METHOD_UNKNOWN', method: 'whatsapp.privacy.v1.PrivacyService/GetEverything' },
  TOKEN_MISSING: { kind: 'TOKEN_MISSING' },
  TOKEN_INVALID: { kind: 'TOKEN_INVALID' },
  CERTIFICATE_MISMATCH: { kind: 'CERTIFICATE_MISMATCH' },
  SCOPE_DENIED: { kind: 'SCOPE_DENIED', method, instance },
  INSTANCE_NOT_FOUND: { kind: 'INSTANCE_NOT_FOUND', instance },
  TOKEN_NOT_FOUND: { kind: 'TOKEN_NOT_FOUND', tokenId: 'k7f3q2' },
  NODE_NOT_FOUND: { kind: 'NODE_NOT_FOUND', nodeId: '7f3c2b1e-52a1-4b0c-9a3e-3f0f3f3c9d11' },
  APPLY_NOT_FOUND: { kind: 'APPLY_NOT_FOUND', requestId: '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11' },
  INSTANCE_ALREADY_EXISTS: { kind: 'INSTANCE_ALREADY_EXISTS', instance },
  DEVICE_IN_USE: { kind: 'DEVICE_IN_USE', instance },
  REQUEST_ID_REUSED: { kind: 'REQUEST_ID_REUSED', requestId: '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11' },
  INSTANCE_NOT_LINKED: { kind: 'INSTANCE_NOT_LINKED', instance, state: 'UNLINKED' },
  INSTANCE_LOGGED_OUT: { kind: 'INSTANCE_LOGGED_OUT', instance },
  INSTANCE_SUSPENDED: { kind: 'INSTANCE_SUSPENDED', instance, nextAttemptTime },
  INSTANCE_ALREADY_LINKED: { kind: 'INSTANCE_ALREADY_LINKED', instance },
  INSTANCE_NOT_CONNECTED: {
    kind: 'INSTANCE_NOT_CONNECTED',
    instance,
    state: 'CONNECTING',
    nextAttemptTime,
    retryAfterMs: 2500,
  },
  SETTING_READ_ONLY: {
    kind: 'SETTING_READ_ONLY',
    violations: [
      {
        field: 'privacy.defense',
        reason: 'READ_ONLY',
        description: 'defense cannot be changed through this service',
        setting: 'defense',
      },
    ],
  },
  SETTING_NOT_AVAILABLE: { kind: 'SETTING_NOT_AVAILABLE', instance, settings: ['messages', 'call_add'] },
  SETTING_LOCKED: { kind: 'SETTING_LOCKED', instance, settings: ['last_seen'] },
  ETAG_MISMATCH: { kind: 'ETAG_MISMATCH', instance, etag: '3q2-7w', currentEtag: '9fKx1A' },
  LINK_IN_PROGRESS: { kind: 'LINK_IN_PROGRESS', instance },
  LINK_TIMED_OUT: { kind: 'LINK_TIMED_OUT', instance },
  LINK_OTHER_ACCOUNT: { kind: 'LINK_OTHER_ACCOUNT', instance, maskedPhoneNumber: '+*******0123' },
  PASSKEY_REQUIRED: { kind: 'PASSKEY_REQUIRED', instance },
  PASSKEY_TIMED_OUT: { kind: 'PASSKEY_TIMED_OUT', instance, waitedFor: 'ASSERTION' },
  PASSKEY_REFUSED: {
    kind: 'PASSKEY_REFUSED',
    instance,
    whatsappCode: 401,
    whatsappText: 'not-authorized',
  },
  PASSKEY_NOT_AWAITED: { kind: 'PASSKEY_NOT_AWAITED', instance },
  PASSKEY_MISMATCH: { kind: 'PASSKEY_MISMATCH', instance },
  PARTIAL_UPDATE: { kind: 'PARTIAL_UPDATE', instance, setting: 'group_add' },
  RATE_LIMITED: {
    kind: 'RATE_LIMITED',
    limit: 100,
    periodSeconds: 60,
    subject: 'k7f3q2',
    retryAfterMs: 2500,
  },
  WHATSAPP_RATE_LIMITED: {
    kind: 'WHATSAPP_RATE_LIMITED',
    instance,
    setting: 'profile',
    whatsappCode: 429,
    retryAfterMs: 2500,
  },
  WHATSAPP_REJECTED: {
    kind: 'WHATSAPP_REJECTED',
    instance,
    setting: 'group_add',
    whatsappCode: 403,
    whatsappText: 'forbidden',
  },
  WHATSAPP_TIMEOUT: { kind: 'WHATSAPP_TIMEOUT', instance, setting: 'online' },
  CONNECTION_LOST: { kind: 'CONNECTION_LOST', instance, setting: 'online' },
  WHATSAPP_UNCLEAR: { kind: 'WHATSAPP_UNCLEAR', instance, setting: 'online', whatsappCode: 503 },
  BLACKLIST_CONFLICT: { kind: 'BLACKLIST_CONFLICT', instance, setting: 'profile', whatsappCode: 409 },
  CLIENT_OUTDATED: {
    kind: 'CLIENT_OUTDATED',
    instance,
    version: '2.3000.1048032155',
    ageDays: 125,
    retryAfterMs: 300_000,
  },
  PROXY_FAILED: {
    kind: 'PROXY_FAILED',
    instance,
    proxyText: 'The proxy refused the connection (HTTP 407)',
    retryAfterMs: 2000,
  },
  DEADLINE_TOO_SHORT: { kind: 'DEADLINE_TOO_SHORT', instance },
  SHUTTING_DOWN: { kind: 'SHUTTING_DOWN' },
  STORE_UNAVAILABLE: { kind: 'STORE_UNAVAILABLE' },
  BACKUP_NOT_SUPPORTED: { kind: 'BACKUP_NOT_SUPPORTED' },
  SINGLE_NODE: { kind: 'SINGLE_NODE' },
  INSTANCE_MOVED: { kind: 'INSTANCE_MOVED', instance: 'sales', retryAfterMs: 1_000 },
};

/** Each reason's comment in the contract: its status code, and its example of an ErrorInfo. */
const DOCUMENTED = [
  ...readFileSync(
    new URL('../../../proto/whatsapp/privacy/v1/errors.proto', import.meta.url),
    'utf8',
  ).matchAll(/((?: {2}\/\/.*\n)+) {2}ERROR_REASON_(\w+) = \d+;/g),
].flatMap(([, comment = '', reason = '']) => {
  const text = comment.replaceAll(/^ {2}\/\/ ?/gm, '');
  const example = /^ {4}\{[\s\S]*^ {4}\}/m.exec(text)?.[0];
  return example
    ? [{ reason, code: text.split(/\W/)[0], errorInfo: { metadata: {}, ...JSON.parse(example) } }]
    : [];
});

/** Lets a read fail with the error, and returns how the call ended. */
async function failingWith(error: unknown) {
  const api = await startApi();
  api.instances.readSettings = () => Promise.reject(error);
  const ended = await invoke(api, getPrivacySettings, GetPrivacySettingsRequest.fromPartial({ instance }));
  return { api, ended };
}

const reasons = DOCUMENTED.filter(({ reason }) => reason in PROBLEMS);

describe('a problem answers with what the contract documents', () => {
  test('for every reason but the one of a later method and that of our own faults', () => {
    const others = DOCUMENTED.filter(one => !reasons.includes(one)).map(({ reason }) => reason);
    expect(others).toEqual(['INTERNAL']);
    expect(reasons.map(({ reason }) => reason).sort()).toEqual(Object.keys(PROBLEMS).sort());
  });

  test.each(reasons)('$reason', async ({ reason, code, errorInfo }) => {
    const { ended } = await failingWith(new PrivacyError(PROBLEMS[reason as Reason]));
    expect(ended.code).toBe(code);
    expect(ended.status?.message).toBe(ended.message);
    expect(ended.detail('google.rpc.ErrorInfo')).toEqual(errorInfo);
    const error = { method: 'PrivacyService/GetPrivacySettings', code: code ?? '', reason };
    expect(ended.detailTypes).toEqual(promisedDetails(error));
    const delay = ended.detail('google.rpc.RetryInfo')?.retryDelay;
    const delayMs = delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6;
    expect(ended.metadata.get('grpc-retry-pushback-ms')).toEqual(promisedPushback(error.code, delayMs));
  });
});

describe('data that a problem gets and its row does not name', () => {
  test.each(reasons)('does not reach the wire with $reason', async ({ reason, errorInfo }) => {
    const problem = { ...PROBLEMS[reason as Reason], passkeyUrl: 'https://example.com/secret' };
    const { ended } = await failingWith(new PrivacyError(problem));
    expect(ended.detail('google.rpc.ErrorInfo')).toEqual(errorInfo);
  });
});

['instance'] satisfies Row<'DEADLINE_TOO_SHORT'>['metadata'];
// @ts-expect-error This problem has no such data; tsc reports the comment once the next line is right.
['instance'] satisfies Row<'SHUTTING_DOWN'>['metadata'];

describe('the details', () => {
  test('name the resource', async () => {
    const { ended } = await failingWith(new PrivacyError(PROBLEMS.INSTANCE_NOT_FOUND));
    expect(ended.detail('google.rpc.ResourceInfo')).toMatchObject({
      resourceType: 'whatsapp.privacy.v1.Instance',
      resourceName: 'support-desk',
    });
    const { ended: token } = await failingWith(new PrivacyError(PROBLEMS.TOKEN_NOT_FOUND));
    expect(token.detail('google.rpc.ResourceInfo')).toMatchObject({
      resourceType: 'whatsapp.privacy.v1.Token',
      resourceName: 'k7f3q2',
    });
  });

  test('name the precondition of the instance, with the advice', async () => {
    const { ended } = await failingWith(new PrivacyError(PROBLEMS.INSTANCE_LOGGED_OUT));
    expect(ended.detail('google.rpc.PreconditionFailure')?.violations).toEqual([
      {
        type: 'INSTANCE_LOGGED_OUT',
        subject: 'support-desk',
        description: 'WhatsApp or the phone ended the link; call LinkInstance again',
      },
    ]);
  });

  test('name every setting that must not be set', async () => {
    const { ended } = await failingWith(new PrivacyError(PROBLEMS.SETTING_NOT_AVAILABLE));
    const violations = ended.detail('google.rpc.PreconditionFailure')?.violations ?? [];
    expect(violations.map(({ type, subject }) => [type, subject])).toEqual([
      ['SETTING_NOT_AVAILABLE', 'permissions.messages'],
      ['SETTING_NOT_AVAILABLE', 'permissions.call_add'],
    ]);
  });

  test('tell when to call again, rounded up to milliseconds', async () => {
    const problem = { ...PROBLEMS.WHATSAPP_RATE_LIMITED, retryAfterMs: 2499.2 };
    const { ended } = await failingWith(new PrivacyError(problem));
    expect(ended.detail('google.rpc.RetryInfo')?.retryDelay).toEqual({ seconds: 2n, nanos: 500_000_000 });
  });

  test('name the token whose limit it is', async () => {
    const { ended } = await failingWith(new PrivacyError(PROBLEMS.RATE_LIMITED));
    const violations = ended.detail('google.rpc.QuotaFailure')?.violations ?? [];
    expect(violations.map(({ subject }) => subject)).toEqual(['k7f3q2']);
  });
});

describe('an instance in the state CONFLICT', () => {
  test('is a failed precondition, and not to be retried', async () => {
    const problem = { kind: 'INSTANCE_NOT_CONNECTED', instance, state: 'CONFLICT' } as const;
    const { ended } = await failingWith(new PrivacyError(problem));
    expect(ended.code).toBe('FAILED_PRECONDITION');
    expect(ended.detail('google.rpc.ErrorInfo')?.metadata).toEqual({ instance, state: 'CONFLICT' });
    expect(ended.detailTypes).toContain('google.rpc.PreconditionFailure');
    expect(ended.metadata.get('grpc-retry-pushback-ms')).toEqual([]);
  });
});

describe('PrivacyService', () => {
  test.each([
    'INSTANCE_NOT_CONNECTED',
    'INSTANCE_NOT_LINKED',
    'INSTANCE_LOGGED_OUT',
    'INSTANCE_SUSPENDED',
  ] as const)('tells %s in the words of the origin', async reason => {
    const { ended } = await failingWith(new PrivacyError(PROBLEMS[reason]));
    expect(ended.message).toBe('Instance is not connected to WhatsApp');
  });
});

describe('a fault of the service', () => {
  const SECRET = 'password of the database: hunter2';

  test.each([
    ['a rejected promise', () => Promise.reject(new Error(SECRET))],
    ['a rejected promise without an Error', () => Promise.reject(SECRET)],
    [
      'a synchronous throw',
      () => {
        throw new Error(SECRET);
      },
    ],
    [
      'an error that looks like a status',
      () => Promise.reject(Object.assign(new Error(SECRET), { code: 5, details: SECRET })),
    ],
  ])('%s answers INTERNAL, and only the log has the cause', async (_, readSettings) => {
    const api = await startApi();
    api.instances.readSettings = readSettings;
    const ended = await invoke(
      api,
      getPrivacySettings,
      { instance },
      { metadata: { 'x-request-id': 'find-me' } },
    );
    expect(ended.code).toBe('INTERNAL');
    expect(ended.detail('google.rpc.ErrorInfo')).toEqual({
      reason: 'INTERNAL',
      domain: 'wa-privacy',
      metadata: {},
    });
    expect(ended.detail('google.rpc.RequestInfo')?.requestId).toBe('find-me');
    expect(JSON.stringify(ended.metadata.toJSON()) + ended.message + ended.status?.message).not.toContain(
      'hunter2',
    );
    expect(String(api.faults)).toContain('hunter2');
    expect(api.calls).toMatchObject([{ requestId: 'find-me', code: 'INTERNAL' }]);
  });

  test('in the check of a token answers INTERNAL', async () => {
    const verify = () => {
      throw new Error(SECRET);
    };
    const api = await startApi();
    const broken = await startApi({ tokens: { ...api.tokens, verify } });
    const ended = await invoke(broken, getPrivacySettings, { instance });
    expect(ended.code).toBe('INTERNAL');
    expect(ended.detailTypes).toEqual(['google.rpc.ErrorInfo', 'google.rpc.RequestInfo']);
    expect(String(broken.faults)).toContain('hunter2');
  });

  test('in the log does not reach the call', async () => {
    const fail = () => {
      throw new Error('the disk is full');
    };
    const api = await startApi({ events: events(createLogger('debug', { write: fail })) });
    await api.addInstance(instance);
    expect((await invoke(api, getPrivacySettings, { instance })).code).toBe('OK');
    api.instances.readSettings = () => Promise.reject(new Error(SECRET));
    const ended = await invoke(api, getPrivacySettings, { instance });
    expect(ended.code).toBe('INTERNAL');
    expect(ended.detailTypes).toContain('google.rpc.ErrorInfo');
  });
});

describe('the pushback', () => {
  const INSTANCE = { instance, state: 'CONNECTING' } as const;
  const endingWith = async (retryAfterMs: number, deadlineMs?: number) => {
    const api = await startApi();
    const problem = { kind: 'INSTANCE_NOT_CONNECTED', ...INSTANCE, retryAfterMs } as const;
    api.instances.readSettings = () => Promise.reject(new PrivacyError(problem));
    const ended = await invoke(api, getPrivacySettings, { instance }, deadlineMs ? { deadlineMs } : {});
    const { seconds = 0n, nanos = 0 } = ended.detail('google.rpc.RetryInfo')?.retryDelay ?? {};
    return {
      pushback: ended.metadata.get('grpc-retry-pushback-ms'),
      delayMs: Number(seconds) * 1000 + nanos / 1e6,
    };
  };

  test.each<[string, number, number | undefined]>([
    ['for a caller without a deadline', 10_000, undefined],
    ['for a deadline that leaves as much time again and more', 9_000, 3_600_000],
  ])('is the delay of RetryInfo %s', async (_, delayMs, deadlineMs) => {
    const pushback = [String(delayMs)];
    expect(await endingWith(delayMs, deadlineMs)).toEqual({ pushback, delayMs });
  });

  test.each<[string, number, number | undefined]>([
    ['with a delay above 10 s', 10_001, undefined],
    ['with a delay above 10 s and a deadline far away', 60_000, 3_600_000],
    ['with a delay that ends after the deadline', 9_000, 8_000],
    ['with a delay that leaves less time than it takes', 9_000, 15_000],
  ])('is -1 %s, and RetryInfo tells the delay', async (_, delayMs, deadlineMs) => {
    expect(await endingWith(delayMs, deadlineMs)).toEqual({ pushback: ['-1'], delayMs });
  });

  test('lets a client that retries by itself hear of the error, with its details', async () => {
    const api = await startApi();
    const problem = { kind: 'INSTANCE_NOT_CONNECTED', ...INSTANCE, retryAfterMs: 20_000 } as const;
    let reads = 0;
    api.instances.readSettings = () => {
      reads++;
      return Promise.reject(new PrivacyError(problem));
    };
    const retryPolicy = {
      maxAttempts: 4,
      initialBackoff: '0.1s',
      maxBackoff: '1s',
      backoffMultiplier: 2,
      retryableStatusCodes: ['UNAVAILABLE'],
    };
    const client = new Client(api.address, credentials.createInsecure(), {
      'grpc.service_config': JSON.stringify({ methodConfig: [{ name: [{}], retryPolicy }] }),
    });
    onTestFinished(() => client.close());
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${api.secret}`);
    const { path, requestSerialize, responseDeserialize } = getPrivacySettings;
    const failure = await new Promise<ServiceError | null>(resolve => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { instance, maxAge: undefined },
        metadata,
        { deadline: Date.now() + 300_000 },
        error => resolve(error),
      );
    });
    expect(failure?.code).toBe(status.UNAVAILABLE);
    expect(failure?.metadata.get('grpc-status-details-bin')).toHaveLength(1);
    expect(reads).toBe(1);
  });
});
