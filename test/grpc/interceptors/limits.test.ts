import { describe, expect, test } from 'vitest';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { startApi } from '../support/api.js';
import { type Ended, invoke } from '../support/invoke.js';

const { createInstance, listInstances } = InstanceServiceService;
const LIMITS = {
  callsPerMinute: 3,
  createsPerMinute: 2,
  failedTokensPerMinute: 3,
  openStreams: 2,
  openLists: 2,
  connections: 1000,
};

const times = async <R>(count: number, call: () => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  for (let i = 0; i < count; i++) results.push(await call());
  return results;
};
const codes = (ended: Ended<unknown>[]) => ended.map(({ code }) => code);
const rateOf = ({ metadata }: Ended<unknown>) =>
  ['limit', 'remaining', 'reset'].map(key => Number(metadata.get(`x-ratelimit-${key}`)[0]));

describe('the limit of a token', () => {
  test('is told with every answer, and refuses what goes beyond', async () => {
    const api = await startApi({ limits: LIMITS });
    const ended = await times(4, () => invoke(api, listInstances, {}));
    expect(codes(ended)).toEqual(['OK', 'OK', 'OK', 'RESOURCE_EXHAUSTED']);
    expect(ended.map(one => rateOf(one).slice(0, 2))).toEqual([
      [3, 2],
      [3, 1],
      [3, 0],
      [3, 0],
    ]);
    for (const one of ended) {
      expect(rateOf(one)[2]).toBeGreaterThan(50);
      expect(rateOf(one)[2]).toBeLessThanOrEqual(60);
    }
    const refused = ended[3];
    expect(refused?.detailTypes).toEqual(
      ['ErrorInfo', 'RequestInfo', 'RetryInfo', 'QuotaFailure'].map(name => `google.rpc.${name}`),
    );
    expect(refused?.detail('google.rpc.ErrorInfo')).toMatchObject({
      reason: 'RATE_LIMITED',
      metadata: { limit: '3', period_seconds: '60' },
    });
    expect(refused?.detail('google.rpc.QuotaFailure')?.violations[0]?.subject).toBe(api.tokenId);
    const delay = Number(refused?.detail('google.rpc.RetryInfo')?.retryDelay?.seconds);
    expect(delay).toBeGreaterThanOrEqual(50);
    expect(delay).toBeLessThanOrEqual(60);
  });

  test('is its own: another token goes on', async () => {
    const api = await startApi({ limits: LIMITS });
    const secret = await api.addInstance('desk');
    await times(4, () => invoke(api, listInstances, {}));
    expect((await invoke(api, listInstances, {}, { secret })).code).toBe('OK');
  });

  test('comes before the request is looked at', async () => {
    const api = await startApi({ limits: LIMITS });
    const ended = await times(4, () => invoke(api, listInstances, Buffer.from([0xff])));
    expect(codes(ended)).toEqual([...Array(3).fill('INVALID_ARGUMENT'), 'RESOURCE_EXHAUSTED']);
  });

  test('is another for CreateInstance', async () => {
    const api = await startApi({ limits: LIMITS });
    await times(3, () => invoke(api, listInstances, {}));
    const ended = await times(3, () => invoke(api, createInstance, {}));
    expect(codes(ended)).toEqual(['OK', 'OK', 'RESOURCE_EXHAUSTED']);
    expect(ended.map(one => rateOf(one)[0])).toEqual([2, 2, 2]);
  });
});

describe('an address that sends tokens that are not good', () => {
  test('is told to wait once it has failed too often, and its good ones go on', async () => {
    const api = await startApi({ limits: LIMITS });
    const failed = await times(4, () => invoke(api, listInstances, {}, { secret: 'wap_guess' }));
    expect(codes(failed)).toEqual([...Array(3).fill('UNAUTHENTICATED'), 'RESOURCE_EXHAUSTED']);
    expect(failed.map(one => rateOf(one).slice(0, 2))).toEqual([
      [3, 2],
      [3, 1],
      [3, 0],
      [3, 0],
    ]);
    const [refused] = failed.slice(3);
    expect(refused?.detail('google.rpc.QuotaFailure')?.violations[0]?.subject).toBe('clientip:127.0.0.1');
    expect(Number(refused?.detail('google.rpc.RetryInfo')?.retryDelay?.seconds)).toBeGreaterThanOrEqual(50);
    expect((await invoke(api, listInstances, {})).code).toBe('OK');
  });

  test('is not refused for calls without a token', async () => {
    const api = await startApi({ limits: LIMITS });
    const ended = await times(5, () => invoke(api, listInstances, {}, { secret: null }));
    expect(codes(ended)).toEqual(Array(5).fill('UNAUTHENTICATED'));
  });
});

describe('the name of a call', () => {
  const { getPrivacySettings } = PrivacyServiceService;

  test.each([
    ['is made up when there is none', undefined],
    ['is made up when it is too long', 'x'.repeat(129)],
    ['is made up when it has other characters', 'a b'],
  ])('%s', async (_, sent) => {
    const api = await startApi();
    const metadata = sent === undefined ? {} : { 'x-request-id': sent };
    const ended = await invoke(api, getPrivacySettings, {}, { metadata });
    const [name] = ended.metadata.get('x-request-id');
    expect(name).toMatch(/^[0-9a-f-]{36}$/);
    expect(ended.detail('google.rpc.RequestInfo')?.requestId).toBe(name);
    expect(api.calls).toMatchObject([{ requestId: name }]);
  });

  test('is in the log with everything an operator looks for, and nothing secret', async () => {
    const api = await startApi();
    await invoke(api, getPrivacySettings, { instance: 'desk' }, { metadata: { 'x-request-id': 'a.B_9-' } });
    expect(api.calls).toEqual([
      {
        requestId: 'a.B_9-',
        method: 'whatsapp.privacy.v1.PrivacyService/GetPrivacySettings',
        code: 'NOT_FOUND',
        durationMs: expect.any(Number),
        peer: '127.0.0.1',
        tokenId: api.tokenId,
      },
    ]);
  });
});
