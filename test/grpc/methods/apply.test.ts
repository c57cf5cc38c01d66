import { describe, expect, test } from 'vitest';
import { PrivacyServiceService as Privacy } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { PrivacyError } from '../../../src/domain/errors.js';
import type { Instances } from '../../../src/instances/instances.js';
import { caller } from '../../support/call.js';
import type { Api } from '../support/api.js';
import { AT_LEAST, AT_ONCE, fleet, hideLastSeen } from '../support/fleet.js';
import { invoke } from '../support/invoke.js';

const apply = (api: Api, instances: string[], deadlineMs?: number) =>
  invoke(
    api,
    Privacy.applyPrivacySettings,
    { instances, ...hideLastSeen },
    deadlineMs === undefined ? {} : { deadlineMs },
  );

describe('an update of many instances with a request_id', () => {
  const requestId = '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11';
  const applied = (
    api: Api,
    instances: string[],
    secret = api.secret,
    visibility = hideLastSeen.visibility,
  ) => invoke(api, Privacy.applyPrivacySettings, { instances, visibility, requestId }, { secret });

  test('stands in the way of no token that covers another', async () => {
    const { api, begun } = await fleet(0);
    const [alpha, beta] = [await api.addInstance('alpha'), await api.addInstance('beta')];
    expect((await applied(api, ['beta'], beta)).code).toBe('OK');
    expect((await applied(api, ['alpha'], alpha)).code).toBe('OK');
    expect((await applied(api, ['alpha', 'beta'])).code).toBe('OK');
    expect(begun).toEqual(['beta', 'alpha', 'alpha', 'beta']);
  });

  test('is made once for all tokens of one instance, and refused with another content', async () => {
    const { api, begun } = await fleet(0);
    const alpha = await api.addInstance('alpha');
    const wish = { kind: 'INSTANCE', instance: 'alpha', access: 'READ_WRITE', displayName: '' } as const;
    const first = await applied(api, ['alpha'], alpha);
    const again = await applied(api, ['alpha'], (await api.tokens.mint(wish)).secret);
    expect(again.responses).toEqual(first.responses);
    expect(begun).toEqual(['alpha']);
    const other = await applied(api, ['alpha'], alpha, { lastSeen: LastSeenVisibility.CONTACTS });
    expect(other.detail('google.rpc.ErrorInfo')?.reason).toBe('REQUEST_ID_REUSED');
  });
});

describe('an update of many instances', () => {
  test('reports each as it ends, and ends OK when all did', async () => {
    const { api, instances } = await fleet(40);
    const { code, responses } = await apply(api, instances);
    expect(code).toBe('OK');
    expect(responses.map(({ doneCount }) => doneCount)).toEqual(instances.map((_, index) => index + 1));
    expect(new Set(responses.map(({ totalCount }) => totalCount))).toEqual(new Set([40]));
    for (const { index, instance, result } of responses) {
      expect(instance).toBe(instances[index]);
      expect(result?.$case).toBe('success');
    }
  });

  test('works on a bounded number at once', async () => {
    let [now, most] = [0, 0];
    const isFull = Promise.withResolvers<void>();
    const { api, instances } = await fleet(2 * AT_ONCE, async () => {
      most = Math.max(most, ++now);
      if (now >= AT_ONCE) setTimeout(isFull.resolve, 20); // Or more would begin.
      await isFull.promise;
      now--;
    });
    expect((await apply(api, instances)).code).toBe('OK');
    expect(most).toBe(AT_ONCE);
  });

  test('begins no more than a few at once while the event loop is busy, and more when it is not', async () => {
    const held = Promise.withResolvers<void>();
    const { api, instances, begun } = await fleet(40, () => held.promise);
    let isBusy = true;
    const work = () => {
      for (const until = performance.now() + 20; performance.now() < until; );
      if (isBusy) setImmediate(work);
    };
    work();
    const call = apply(api, instances);
    await expect.poll(() => begun.length).toBe(AT_LEAST);
    await new Promise(resolve => setTimeout(resolve, 200));
    expect(begun).toHaveLength(AT_LEAST);
    isBusy = false;
    await expect.poll(() => begun.length).toBe(40);
    held.resolve();
    expect((await call).code).toBe('OK');
  });

  test('tells the places of the first hundred that failed, and how many did', async () => {
    const { api, instances } = await fleet(250, async name => {
      if (Number(name.slice(-4)) % 2) throw new PrivacyError({ kind: 'INSTANCE_LOGGED_OUT', instance: name });
    });
    const ended = await apply(api, instances);
    expect(ended).toMatchObject({
      code: 'ABORTED',
      message: '125 of 250 instances did not end as asked; their messages tell why',
      detailTypes: [
        'google.rpc.ErrorInfo',
        'google.rpc.RequestInfo',
        'whatsapp.privacy.v1.PrivacyApplyFailure',
      ],
    });
    expect(ended.detail('google.rpc.ErrorInfo')).toEqual({
      reason: 'PARTIAL_UPDATE',
      domain: 'wa-privacy',
      metadata: { succeeded_count: '125', failed_count: '125' },
    });
    expect(ended.detail('whatsapp.privacy.v1.PrivacyApplyFailure')).toEqual({
      succeededCount: 125,
      failedCount: 125,
      failedIndexes: Array.from({ length: 100 }, (_, index) => 2 * index + 1),
    });
    expect(ended.metadata.get('grpc-retry-pushback-ms')).toEqual(['-1']);
  });

  test('goes on after a fault of the service in one of them', async () => {
    const { api, instances } = await fleet(3, async name => {
      if (name === 'desk-0001') throw new Error('secret details');
    });
    const { code, responses } = await apply(api, instances);
    expect(code).toBe('ABORTED');
    const failed = responses.find(({ result }) => result?.$case === 'error');
    expect(failed).toMatchObject({ index: 1, result: { value: { code: 13 } } });
    expect(JSON.stringify(failed)).not.toContain('secret details');
    expect(api.faults).toHaveLength(1);
  });

  test('whose time runs out counts those not reached as failed', async () => {
    const { api, instances, begun } = await fleet(200, async (name, { deadline }) => {
      if (Number(name.slice(-4)) < 10) return;
      await new Promise(resolve => setTimeout(resolve, deadline - performance.now() - 150));
    });
    const ended = await apply(api, instances, 4_000);
    expect(ended.code).toBe('DEADLINE_EXCEEDED');
    expect(ended.detail('google.rpc.ErrorInfo')).toMatchObject({
      reason: 'DEADLINE_TOO_SHORT',
      metadata: {},
    });
    const failure = ended.detail('whatsapp.privacy.v1.PrivacyApplyFailure');
    expect(failure?.succeededCount).toBe(ended.responses.length);
    expect(failure?.succeededCount).toBeGreaterThanOrEqual(10);
    expect(begun).toHaveLength(ended.responses.length);
    expect(failure?.failedCount).toBe(200 - begun.length);
  });

  test('begins nothing more when its caller has gone', async () => {
    const held = Promise.withResolvers<void>();
    const { api, instances, begun } = await fleet(200, () => held.promise);
    const client = caller(api.address, api.secret);
    const gone = new AbortController();
    const call = client.stream(
      Privacy.applyPrivacySettings,
      { instances, ...hideLastSeen },
      { signal: gone.signal },
    );
    const ended = call.next().catch(() => undefined);
    await expect.poll(() => begun.length).toBe(AT_ONCE);
    gone.abort();
    await ended;
    await expect.poll(() => api.calls.map(({ code }) => code)).toEqual(['CANCELLED']);
    held.resolve();
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(begun).toHaveLength(AT_ONCE);
    client.close();
  });

  test('finishes what has begun when the server goes away, and tells of it', async () => {
    const held = Promise.withResolvers<void>();
    const { api, instances, begun } = await fleet(200, () => held.promise);
    const call = apply(api, instances);
    await expect.poll(() => begun.length).toBe(AT_ONCE);
    const drained = api.server.drain(20_000);
    held.resolve();
    const ended = await call;
    await drained;
    expect(ended.code).toBe('ABORTED');
    expect(ended.responses).toHaveLength(AT_ONCE);
    expect(ended.detail('whatsapp.privacy.v1.PrivacyApplyFailure')).toMatchObject({
      succeededCount: AT_ONCE,
      failedCount: 200 - AT_ONCE,
    });
    expect(begun).toHaveLength(AT_ONCE);
  });
});

describe('a list of settings', () => {
  test('has the error of a fault of the service in its place, and the others', async () => {
    const { api } = await fleet(2);
    const really = api.instances.readSettings;
    const readSettings: Instances['readSettings'] = async (name, ...rest) => {
      if (name === 'desk-0000') throw new Error('secret details');
      return really(name, ...rest);
    };
    Object.assign(api.instances, { readSettings });
    const { code, responses } = await invoke(api, Privacy.listPrivacySettings, {});
    expect(code).toBe('OK');
    expect(responses[0]?.entries).toMatchObject([
      { instance: 'desk-0000', result: { $case: 'error', value: { code: 13 } } },
      { instance: 'desk-0001', result: { $case: 'settings' } },
    ]);
    expect(JSON.stringify(responses[0]?.entries[0])).not.toContain('secret details');
    expect(api.faults).toHaveLength(1);
  });

  test('comes in pages of at most 200, 50 when it is not said', async () => {
    const { api } = await fleet(230);
    const page = async (pageSize: number, pageToken = '') => {
      const { responses } = await invoke(api, Privacy.listPrivacySettings, { pageSize, pageToken });
      return responses[0] ?? { entries: [], nextPageToken: 'none' };
    };
    expect((await page(0)).entries).toHaveLength(50);
    const first = await page(1000);
    expect(first.entries).toHaveLength(200);
    const last = await page(1000, first.nextPageToken);
    expect(last.entries.map(({ instance }) => instance)).toEqual(
      Array.from({ length: 30 }, (_, index) => `desk-0${200 + index}`),
    );
    expect(last.nextPageToken).toBe('');
  });
});
