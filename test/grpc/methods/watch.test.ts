import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  PrivacyServiceService as Privacy,
  type WatchPrivacySettingsRequest,
  type WatchPrivacySettingsResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LASTED, startDeadline } from '../../../src/grpc/calls/deadlines.js';
import { SERVER_OPTIONS } from '../../../src/grpc/server/transport.js';
import { bearer, type CallError, caller } from '../../support/call.js';
import { type Api, startApi } from '../support/api.js';
import { endedByDeadline } from '../support/deadline.js';
import { rulesOf } from '../support/methods.js';

const LIMITS = {
  callsPerMinute: 1000,
  createsPerMinute: 1000,
  failedTokensPerMinute: 1000,
  openStreams: 2,
  openLists: 2,
  connections: 1000,
};

/** Watches with a client of its own; `names` are the instances heard of, in order. */
function watch(api: Api, request: Partial<WatchPrivacySettingsRequest> = {}, secret = api.secret) {
  const client = caller(api.address, secret);
  const gone = new AbortController();
  const heard: WatchPrivacySettingsResponse[] = [];
  const run = async () => {
    const options = { metadata: bearer(secret), signal: gone.signal };
    for await (const event of client.stream(Privacy.watchPrivacySettings, request, options))
      heard.push(event);
  };
  const ended = run()
    .catch((error: unknown) => error)
    .finally(() => client.close());
  return {
    heard,
    names: () => heard.map(({ instance }) => instance),
    leave: () => gone.abort(),
    ended,
  };
}

describe('a watch', () => {
  test('of no instances is of all that the token covers, in the order of their names', async () => {
    const api = await startApi();
    const secret = await api.addInstance('mine');
    await api.addInstance('another');
    const [all, own] = [watch(api), watch(api, {}, secret)];
    await expect.poll(() => all.names()).toEqual(['another', 'mine']);
    await expect.poll(() => own.names()).toEqual(['mine']);
    await api.addInstance('later');
    await expect.poll(() => all.names()).toEqual(['another', 'mine', 'later']);
    expect(own.names()).toEqual(['mine']);
    for (const { leave } of [all, own]) leave();
  });

  test('of several instances needs a token that covers each', async () => {
    const api = await startApi();
    const secret = await api.addInstance('mine');
    const { ended } = watch(api, { instances: ['mine', 'other'] }, secret);
    const error = await ended;
    expect(error).toMatchObject({ reason: 'SCOPE_DENIED' });
    expect((error as CallError).details['google.rpc.ErrorInfo']?.metadata).toEqual({
      method: 'whatsapp.privacy.v1.PrivacyService/WatchPrivacySettings',
      instance: 'other',
    });
  });

  test('of an instance that does not exist is refused', async () => {
    const api = await startApi();
    await api.addInstance('mine');
    const { ended, heard } = watch(api, { instances: ['mine', 'other'] });
    expect(await ended).toMatchObject({ code: 5, reason: 'INSTANCE_NOT_FOUND' });
    expect(heard).toEqual([]);
  });

  test('sends a heartbeat when nothing happens', async () => {
    const api = await startApi();
    const watching = watch(api, { heartbeatInterval: { seconds: 5n, nanos: 0 } });
    await expect
      .poll(() => watching.heard)
      .toEqual([{ instance: '', event: { $case: 'heartbeat', value: {} } }]);
    watching.leave();
  });

  test('ends with SHUTTING_DOWN when the server goes away', async () => {
    const api = await startApi();
    await api.addInstance('mine');
    const watching = watch(api);
    await expect.poll(() => watching.names()).toEqual(['mine']);
    await api.server.drain(1000);
    expect(await watching.ended).toMatchObject({ code: 14, reason: 'SHUTTING_DOWN' });
  });
});

describe('the open streams of a token', () => {
  test('are limited, and one that ends makes room', async () => {
    const api = await startApi({ limits: LIMITS });
    const secret = await api.addInstance('mine');
    const open = [watch(api), watch(api)];
    for (const { heard } of open) await expect.poll(() => heard).toHaveLength(1);

    const refused = (await watch(api).ended) as CallError;
    expect(refused).toMatchObject({ code: 8, reason: 'RATE_LIMITED' });
    expect(refused.message).toBe('More than 2 open streams at once; call again when one has ended');
    expect(refused.details['google.rpc.ErrorInfo']?.metadata).toEqual({ limit: '2' });
    expect(refused.details['google.rpc.QuotaFailure']?.violations[0]?.subject).toBe(api.tokenId);
    expect(refused.details['google.rpc.RetryInfo']).toBeDefined();
    const other = watch(api, {}, secret);
    await expect.poll(() => other.heard).toHaveLength(1);

    open[0]?.leave();
    await expect
      .poll(async () => {
        const next = watch(api);
        await Promise.race([next.ended, vi.waitUntil(() => next.heard.length > 0, { timeout: 60_000 })]);
        return next.heard.length;
      })
      .toBe(1);
  });
});

describe('the life of a watch', () => {
  afterEach(() => vi.useRealTimers());

  /** Starts the deadline of a watch of one instance. */
  function start(callers: number) {
    const call = { getDeadline: () => callers, request: { instances: ['mine'] } };
    const emitter = Object.assign(new EventEmitter(), call) as unknown as Parameters<typeof startDeadline>[0];
    return startDeadline(emitter, rulesOf(Privacy.watchPrivacySettings));
  }

  test('is over before the connection is cut', () => {
    vi.useFakeTimers();
    using limits = start(Number.POSITIVE_INFINITY);
    vi.advanceTimersByTime(29 * 60_000);
    expect(limits.signal.aborted).toBe(false);
    const cutMs = SERVER_OPTIONS['grpc.max_connection_age_grace_ms'] ?? 0;
    vi.advanceTimersByTime(cutMs - 29 * 60_000 - 1000);
    expect(limits.signal.reason).toBe(LASTED);
  });

  test('ends with OK when it has lasted as long as one may', async () => {
    const { deadlines } = rulesOf(Privacy.watchPrivacySettings);
    const usual = { ...deadlines };
    const api = await startApi();
    await api.addInstance('mine');
    try {
      Object.assign(deadlines, { maximumMs: 500, defaultMs: 500 });
      const watching = watch(api);
      expect(await watching.ended).toBeUndefined();
      expect(watching.names()).toEqual(['mine']);
    } finally {
      Object.assign(deadlines, usual);
    }
  });

  test("ends with the caller's deadline, which is about no single instance", () => {
    vi.useFakeTimers();
    using limits = start(Date.now() + 1000);
    vi.advanceTimersByTime(1000);
    expect(limits.signal.reason).toMatchObject({ problem: { kind: 'DEADLINE_TOO_SHORT' } });
    expect(limits.signal.reason.problem).not.toHaveProperty('instance');
  });
});

test('a caller may set a deadline, and is told when it passes', async () => {
  const api = await startApi();
  const watching = vi.spyOn(api.instances, 'watch');
  const hasBegun = () => watching.mock.calls.length > 0;
  const ended = await endedByDeadline(api, Privacy.watchPrivacySettings, {}, hasBegun);
  expect(ended.code).toBe('DEADLINE_EXCEEDED');
  expect(ended.detail('google.rpc.ErrorInfo')?.reason).toBe('DEADLINE_TOO_SHORT');
});
