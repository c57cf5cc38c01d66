import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, test, vi } from 'vitest';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { clock } from '../../../src/domain/time/clock.js';
import type { CallOptions } from '../../../src/instances/ports/orders.js';
import { type Api, startApi } from '../support/api.js';
import { endedByDeadline } from '../support/deadline.js';
import { connected, MADE_AT, snapshot } from '../support/instances.js';
import { invoke } from '../support/invoke.js';
import { methodNamed } from '../support/methods.js';

const { applyPrivacySettings, getPrivacySettings } = PrivacyServiceService;
const { linkInstance } = InstanceServiceService;
const link = { instance: 'desk', method: { $case: 'qr', value: {} } } as const;
const never = new Promise<never>(() => {});

/** The limits that a read is given. */
async function limitsOf(deadlineMs: number | undefined): Promise<{ limits: CallOptions; left: number }> {
  const api = await startApi();
  const seen: { limits: CallOptions; left: number }[] = [];
  api.instances.readSettings = async (_name, _maxAgeMs, limits) => {
    seen.push({ limits, left: limits.deadline - clock() });
    return snapshot;
  };
  await invoke(api, getPrivacySettings, { instance: 'desk' }, deadlineMs === undefined ? {} : { deadlineMs });
  const [first] = seen;
  if (!first) throw new Error('the read was not reached');
  return first;
}

/** Starts a call and leaves it open. */
function open(api: Api, method: string, request: object) {
  const { path, requestSerialize, requestDeserialize, responseDeserialize } = methodNamed(method);
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${api.secret}`);
  const whole = { ...requestDeserialize(Buffer.of()), ...request };
  const call = api.client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    whole,
    metadata,
  );
  call.on('error', () => {});
  return call;
}

describe('the time a call has', () => {
  test("ends 150 ms before the caller's deadline", async () => {
    const { left } = await limitsOf(60_000);
    expect(left).toBeLessThanOrEqual(60_000 - 150);
    expect(left).toBeGreaterThan(50_000);
  });

  test('is 30 s when the caller set no deadline', async () => {
    const { left } = await limitsOf(undefined);
    expect(left).toBeLessThanOrEqual(30_000 - 150);
    expect(left).toBeGreaterThan(25_000);
  });

  test('is 120 s at most', async () => {
    const { left } = await limitsOf(3_600_000);
    expect(left).toBeLessThanOrEqual(120_000 - 150);
    expect(left).toBeGreaterThan(110_000);
  });

  test('is enough for a person with a phone when linking', async () => {
    const api = await startApi();
    const lefts: number[] = [];
    api.instances.link = async function* (name, _method, limits) {
      lefts.push(limits.deadline - clock());
      yield { kind: 'linked', instance: connected(name) };
    };
    await invoke(api, linkInstance, link);
    expect(lefts[0]).toBeGreaterThan(9 * 60_000);
  });

  test('is enough for a thousand instances when applying', async () => {
    const api = await startApi();
    const { updateSettings } = api.instances;
    const lefts: number[] = [];
    api.instances.updateSettings = (name, order, limits) => {
      lefts.push(limits.deadline - clock());
      return updateSettings(name, order, limits);
    };
    await api.addInstance('desk');
    await invoke(api, applyPrivacySettings, { instances: ['desk'], visibility: { lastSeen: 4 } });
    expect(lefts[0]).toBeGreaterThan(9 * 60_000);
  });
});

describe('what does not end in time', () => {
  test.each([
    ['a read', 'GetPrivacySettings', { instance: 'desk' }],
    ['a link', 'LinkInstance', link],
  ])('%s answers DEADLINE_TOO_SHORT with details, before the deadline', async (_, method, request) => {
    const api = await startApi();
    const signals: AbortSignal[] = [];
    api.instances.readSettings = (_name, _maxAgeMs, { signal }) => {
      signals.push(signal);
      return never;
    };
    api.instances.link = async function* (_name, _method, { signal }) {
      signals.push(signal);
      yield { kind: 'code', code: { kind: 'qr', code: '1@first', expiresAt: MADE_AT } };
      await never;
    };
    const ended = await endedByDeadline(api, methodNamed(method), request, () => signals.length > 0);
    expect(ended.code).toBe('DEADLINE_EXCEEDED');
    expect(ended.detail('google.rpc.ErrorInfo')).toEqual({
      reason: 'DEADLINE_TOO_SHORT',
      domain: 'wa-privacy',
      metadata: { instance: 'desk' },
    });
    expect(ended.metadata.get('grpc-retry-pushback-ms')).toEqual(['-1']);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

describe('a caller who goes away', () => {
  test('aborts a call that answers once', async () => {
    const api = await startApi();
    const signals: AbortSignal[] = [];
    api.instances.readSettings = (_name, _maxAgeMs, { signal }) => {
      signals.push(signal);
      return never;
    };
    const call = open(api, 'GetPrivacySettings', { instance: 'desk' });
    await expect.poll(() => signals.length).toBe(1);
    expect(signals[0]?.aborted).toBe(false);
    call.cancel();
    await expect.poll(() => signals[0]?.aborted).toBe(true);
    await expect.poll(() => api.calls.map(({ code }) => code)).toEqual(['CANCELLED']);
    expect(api.faults).toEqual([]);
  });

  test('ends the iteration of a stream, also one that waits', async () => {
    const api = await startApi();
    const returned = vi.fn(async () => ({ done: true as const, value: undefined }));
    const waiting = { next: () => never, return: returned };
    const signals: AbortSignal[] = [];
    api.instances.link = (_name, _method, { signal }) => {
      signals.push(signal);
      return { [Symbol.asyncIterator]: () => waiting };
    };
    const call = open(api, 'LinkInstance', link);
    await expect.poll(() => signals.length).toBe(1);
    call.cancel();
    await expect.poll(() => returned.mock.calls.length).toBe(1);
    expect(signals[0]?.aborted).toBe(true);
    expect(api.faults).toEqual([]);
  });
});

describe('a reader that is slow', () => {
  test('holds the stream back, and misses nothing', async () => {
    const api = await startApi();
    const LAST = 300;
    let made = 0;
    api.instances.link = async function* () {
      while (made < LAST) {
        made++;
        const code = `${made}@${'x'.repeat(20_000)}`;
        yield { kind: 'code', code: { kind: 'qr', code, expiresAt: MADE_AT } };
      }
    };
    const call = open(api, 'LinkInstance', link);
    const received: string[] = [];
    const ended = new Promise<number>(resolve => call.on('status', ({ code }) => resolve(code)));
    call.on('data', (response: { event: { value: { payload: string } } }) => {
      received.push(response.event.value.payload.split('@')[0] ?? '');
      if (received.length === 1) call.pause();
    });
    // All buffers are full once two looks show the same count.
    let seen = -1;
    await vi.waitUntil(
      () => {
        const stands = made > 0 && made === seen;
        seen = made;
        return stands;
      },
      { interval: 300, timeout: 30_000 },
    );
    expect(made).toBeLessThan(LAST);
    call.resume();
    expect(await ended).toBe(status.OK);
    expect(received).toEqual(Array.from({ length: LAST }, (_, index) => String(index + 1)));
  });
});
