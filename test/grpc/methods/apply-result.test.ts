import { describe, expect, test } from 'vitest';
import {
  type ApplyPrivacySettingsRequest,
  type GetApplyResultRequest,
  type GetApplyResultResponse,
  PrivacyServiceService as Privacy,
  GetApplyResultResponse_State as State,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { PrivacyError } from '../../../src/domain/errors.js';
import { readSelector } from '../../../src/domain/labels/parse-selector.js';
import type { Instances } from '../../../src/instances/instances.js';
import { caller } from '../../support/call.js';
import { type Api, startApi } from '../support/api.js';
import { AT_ONCE, fleet, hideLastSeen } from '../support/fleet.js';
import { invoke } from '../support/invoke.js';

const requestId = '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11';
const DAY_MS = 24 * 60 * 60 * 1000;

const apply = (api: Api, request: Partial<ApplyPrivacySettingsRequest>, options = {}) =>
  invoke(api, Privacy.applyPrivacySettings, { ...hideLastSeen, requestId, ...request }, options);

const ask = (api: Api, request: Partial<GetApplyResultRequest> = {}, secret = api.secret) =>
  invoke(api, Privacy.getApplyResult, { requestId, ...request }, { secret });

async function told(api: Api, request: Partial<GetApplyResultRequest> = {}, secret = api.secret) {
  const { code, responses } = await ask(api, request, secret);
  if (code !== 'OK' || responses[0] === undefined) throw new Error(code);
  return responses[0];
}

/** Which instances of a page have ended OK. */
const succeededIn = ({ results }: GetApplyResultResponse): string[] =>
  results.filter(({ result }) => result?.$case === 'success').map(({ instance }) => instance);

/** A call over so many instances whose caller leaves after the first result, while the others of the first are held. */
async function leftAfterFirst(size: number, detached: boolean) {
  const held = Promise.withResolvers<void>();
  const made = await fleet(size, async name => {
    if (name !== 'desk-0000') await held.promise;
  });
  const { api, instances } = made;
  const client = caller(api.address, api.secret);
  const gone = new AbortController();
  const request = { instances, ...hideLastSeen, requestId, detached };
  const call = client.stream(Privacy.applyPrivacySettings, request, { signal: gone.signal });
  expect((await call.next()).value?.instance).toBe('desk-0000');
  gone.abort();
  await call.next().catch(() => undefined);
  client.close();
  await expect.poll(() => api.calls.map(({ code }) => code)).toEqual(['CANCELLED']);
  return { ...made, release: held.resolve };
}

describe('a detached update of many instances', () => {
  test('goes on when its caller leaves, and is told whole afterwards', async () => {
    const { api, instances, release } = await leftAfterFirst(20, true);
    const during = await told(api);
    expect(during).toMatchObject({
      state: State.RUNNING,
      endTime: undefined,
      totalCount: 20,
      succeededCount: 1,
    });
    expect(during.results.map(({ instance }) => instance)).toEqual(instances);
    expect(succeededIn(during)).toEqual(['desk-0000']);

    release();
    await expect.poll(async () => (await told(api)).state).toBe(State.ENDED);
    const after = await told(api);
    expect(after).toMatchObject({ totalCount: 20, succeededCount: 20, failedCount: 0, nextPageToken: '' });
    expect(succeededIn(after)).toEqual(instances);
    expect(after.results.map(({ index }) => index)).toEqual(instances.map((_, index) => index));
    expect(Number(after.endTime)).toBeGreaterThanOrEqual(Number(after.startTime));
  });

  test('goes on when the deadline of its caller passes', async () => {
    const held = Promise.withResolvers<void>();
    const { api, instances } = await fleet(20, () => held.promise);
    const ended = await apply(api, { instances, detached: true }, { deadlineMs: 1000 });
    expect(ended.code).toBe('DEADLINE_EXCEEDED');
    expect(ended.detail('google.rpc.ErrorInfo')?.reason).toBe('DEADLINE_TOO_SHORT');
    held.resolve();
    await expect.poll(async () => (await told(api)).state).toBe(State.ENDED);
    expect(succeededIn(await told(api))).toEqual(instances);
  });

  test('answers a caller that stays as any other', async () => {
    const { api, instances } = await fleet(20, async name => {
      if (name === 'desk-0007') throw new PrivacyError({ kind: 'INSTANCE_LOGGED_OUT', instance: name });
    });
    const ended = await apply(api, { instances, detached: true });
    expect(ended.code).toBe('ABORTED');
    expect(ended.responses).toHaveLength(20);
    expect(ended.detail('whatsapp.privacy.v1.PrivacyApplyFailure')?.failedIndexes).toEqual([7]);
  });

  test('begins nothing more once its token is revoked', async () => {
    const held = Promise.withResolvers<void>();
    const { api, instances, begun } = await fleet(200, () => held.promise);
    const wish = { kind: 'ACCOUNT', access: 'READ_WRITE', displayName: '' } as const;
    const { secret, token } = await api.tokens.mint(wish);
    const call = apply(api, { instances, detached: true }, { secret });
    await expect.poll(() => begun.length).toBe(AT_ONCE);
    await api.tokens.revoke(token.id);
    expect((await call).code).toBe('UNAUTHENTICATED');
    held.resolve();
    await expect.poll(async () => (await told(api)).state).toBe(State.INTERRUPTED);
    expect(begun).toHaveLength(AT_ONCE);
  });

  test('finishes and keeps what it has begun when the server goes away', async () => {
    const { api, begun, release } = await leftAfterFirst(200, true);
    await expect.poll(() => begun.length).toBe(AT_ONCE + 1);
    const drained = api.server.drain(20_000);
    release();
    await drained;
    const next = await startApi({ applyLog: api.store.applies });
    expect(await told(next)).toMatchObject({
      state: State.INTERRUPTED,
      totalCount: 200,
      succeededCount: AT_ONCE + 1,
    });
  });

  test('counts as an open stream of its token until its end', async () => {
    const held = Promise.withResolvers<void>();
    const { api, instances } = await fleet(1, () => held.promise, { limits: { openStreams: 1 } });
    await apply(api, { instances, detached: true }, { deadlineMs: 1000 });
    const watch = () =>
      invoke(api, Privacy.applyPrivacySettings, { instances, ...hideLastSeen, validateOnly: true });
    expect((await watch()).code).toBe('RESOURCE_EXHAUSTED');
    held.resolve();
    await expect.poll(async () => (await watch()).code).toBe('OK');
  });

  test('without a request_id is refused', async () => {
    const { api, instances, begun } = await fleet(1);
    const ended = await apply(api, { instances, requestId: '', detached: true });
    expect(ended.code).toBe('INVALID_ARGUMENT');
    expect(ended.detail('google.rpc.BadRequest')?.fieldViolations.map(({ field }) => field)).toEqual([
      'request_id',
    ]);
    expect(begun).toEqual([]);
  });
});

describe('an update of many instances that is not detached', () => {
  test('begins nothing more when its caller leaves, and tells who was not attempted', async () => {
    const { api, instances, begun, release } = await leftAfterFirst(40, false);
    release();
    await expect.poll(async () => (await told(api)).state).toBe(State.INTERRUPTED);
    const after = await told(api);
    expect(succeededIn(after)).toEqual(begun);
    expect(begun.length).toBeLessThan(40);
    expect(after).toMatchObject({ succeededCount: begun.length, failedCount: 0, totalCount: 40 });
    expect(
      after.results.filter(({ result }) => result === undefined).map(({ instance }) => instance),
    ).toEqual(instances.slice(begun.length));
    expect(after.endTime).toBeDefined();
  });

  test('goes on where it stopped when it is called again', async () => {
    const { api, instances, begun, release } = await leftAfterFirst(40, false);
    release();
    await expect.poll(async () => (await told(api)).state).toBe(State.INTERRUPTED);
    expect((await apply(api, { instances })).code).toBe('OK');
    expect(await told(api)).toMatchObject({ state: State.ENDED, succeededCount: 40 });
    expect(begun.toSorted()).toEqual(instances);
  });

  test('has the error of each that failed', async () => {
    const { api, instances } = await fleet(3, async name => {
      if (name === 'desk-0001') throw new PrivacyError({ kind: 'INSTANCE_LOGGED_OUT', instance: name });
    });
    const { responses } = await apply(api, { instances: [...instances, 'absent'] });
    const after = await told(api);
    expect(after).toMatchObject({ state: State.ENDED, totalCount: 4, succeededCount: 2, failedCount: 2 });
    const resultOf = (name: string) => responses.find(({ instance }) => instance === name)?.result;
    for (const { instance, result } of after.results) expect(result).toEqual(resultOf(instance));
  });

  test('is found as interrupted by a server that was started in the middle of it', async () => {
    const held = Promise.withResolvers<void>();
    const { api, instances } = await fleet(20, async name => {
      if (name !== 'desk-0000') await held.promise;
    });
    const call = apply(api, { instances });
    await expect.poll(async () => (await ask(api)).responses[0]?.succeededCount).toBe(1);
    const restarted = await startApi({ applyLog: api.store.applies });
    const after = await told(restarted);
    expect(after).toMatchObject({ state: State.INTERRUPTED, endTime: undefined, succeededCount: 1 });
    expect(succeededIn(after)).toEqual(['desk-0000']);
    held.resolve();
    await call;
  });
});

describe('the results of an update of many instances', () => {
  test('are nobody else’s: tokens find what those applied that cover the same', async () => {
    const { api } = await fleet(0);
    const secret = await api.addInstance('alpha');
    const wish = { kind: 'INSTANCE', instance: 'alpha', access: 'READ_ONLY', displayName: '' } as const;
    await apply(api, { instances: ['alpha'] }, { secret });
    expect(succeededIn(await told(api, {}, (await api.tokens.mint(wish)).secret))).toEqual(['alpha']);
    expect(succeededIn(await told(api, { requestId: requestId.toUpperCase() }, secret))).toEqual(['alpha']);

    for (const other of [api.secret, await api.addInstance('beta')]) {
      const ended = await ask(api, {}, other);
      expect(ended.code).toBe('NOT_FOUND');
      expect(ended.detail('google.rpc.ErrorInfo')).toMatchObject({
        reason: 'APPLY_NOT_FOUND',
        metadata: { request_id: requestId },
      });
      expect(ended.detail('google.rpc.ResourceInfo')?.resourceName).toBe(requestId);
    }
  });

  test('come in pages in order of index', async () => {
    const { api, instances } = await fleet(230);
    await apply(api, { instances });
    const names: string[] = [];
    const sizes: number[] = [];
    for (let [pageSize, pageToken] = [0, '']; ; pageSize = 1000) {
      const page = await told(api, { pageSize, pageToken });
      sizes.push(page.results.length);
      names.push(...succeededIn(page));
      pageToken = page.nextPageToken;
      if (pageToken === '') break;
    }
    expect(sizes).toEqual([50, 180]);
    expect(names).toEqual(instances);
    expect((await told(api, { pageSize: 1000 })).results).toHaveLength(200);
  });

  test('reach a client with the usual limit of 4 MiB, however large they are', async () => {
    const { api, instances } = await fleet(200);
    const really = api.instances.updateSettings;
    const updateSettings: Instances['updateSettings'] = async (name, ...rest) => {
      const { settings, ...report } = await really(name, ...rest);
      const categories = [{ category: 'pix', value: 'x'.repeat(40_000) }];
      return { ...report, settings: settings && { ...settings, categories } };
    };
    Object.assign(api.instances, { updateSettings });
    await apply(api, { instances });
    const names: string[] = [];
    let pageToken = '';
    do {
      const page = await told(api, { pageSize: 200, pageToken });
      names.push(...succeededIn(page));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(names).toEqual(instances);
  });

  test('leave out what the token covers no longer, and count it', async () => {
    const { api } = await fleet(0);
    for (const name of ['alpha', 'beta'])
      await api.instances.create({ name, displayName: '', labels: { env: 'prod' } }, {});
    const selector = readSelector('env=prod');
    const wish = { kind: 'SELECTOR', selector, access: 'READ_WRITE', displayName: '' } as const;
    const { secret } = await api.tokens.mint(wish);
    await apply(api, { labelSelector: 'env=prod' }, { secret });
    expect(succeededIn(await told(api, {}, secret))).toEqual(['alpha', 'beta']);
    await api.instances.update('alpha', { labels: { set: { env: 'test' }, remove: [] } }, {});
    const after = await told(api, {}, secret);
    expect(after.results.map(({ instance }) => instance)).toEqual(['beta']);
    expect(after).toMatchObject({ state: State.ENDED, totalCount: 2, succeededCount: 2 });
  });

  test('are forgotten with the account that they speak of', async () => {
    const { api, instances } = await fleet(2);
    await apply(api, { instances });
    await api.store.credentials.clear('desk-0000');
    const after = await told(api);
    expect(after.results.map(({ instance }) => instance)).toEqual(['desk-0001']);
    expect(after).toMatchObject({ state: State.ENDED, succeededCount: 2 });
  });

  test('are told for 24 hours; then the request_id is a new one', async () => {
    const clock = { now: Date.UTC(2026, 0, 1) };
    const { api, instances } = await fleet(3, undefined, { now: () => clock.now });
    await apply(api, { instances });
    clock.now += DAY_MS - 1;
    expect((await told(api)).totalCount).toBe(3);
    clock.now += 1;
    expect((await ask(api)).detail('google.rpc.ErrorInfo')?.reason).toBe('APPLY_NOT_FOUND');
    const visibility = { lastSeen: LastSeenVisibility.CONTACTS };
    await apply(api, { instances: ['desk-0002'], visibility });
    expect(await told(api)).toMatchObject({ totalCount: 1, succeededCount: 1 });
  });
});
