import { setImmediate } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  DefenseMode,
  LastSeenVisibility,
  StickersPermission,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { failureOf } from '../support/call.js';
import { type Service, startService, takePrivacyStanzas } from '../support/service.js';

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;

beforeAll(async () => {
  service = await startService();
  desk = await service.linked({ settings: { pix: 'contacts', calladd: 'friends' } });
  await read();
});
afterAll(() => service[Symbol.asyncDispose]());
beforeEach(() => {
  service.simulator.clearFaults();
  takePrivacyStanzas(service);
});

const read = (maxAgeSeconds?: number) =>
  service.client
    .call(Privacy.getPrivacySettings, {
      instance: desk.instance,
      ...(maxAgeSeconds !== undefined && { maxAge: { seconds: BigInt(maxAgeSeconds), nanos: 0 } }),
    })
    .then(({ settings }) => settings);

describe('GetPrivacySettings', () => {
  test('asks WhatsApp in this call, with one stanza', async () => {
    const before = Date.now();
    const settings = await read();
    expect(takePrivacyStanzas(service)).toEqual(['get']);
    expect(settings?.observeTime?.getTime()).toBeGreaterThanOrEqual(before);
    expect(settings).toMatchObject({
      visibility: { lastSeen: LastSeenVisibility.ALL },
      privacy: { defense: DefenseMode.OFF },
      permissions: { stickers: StickersPermission.CONTACTS },
      unreadableCategories: [],
    });
  });

  test('gives categories and values without a name word for word', async () => {
    const settings = await read();
    expect(settings?.categories).toEqual(
      expect.arrayContaining([
        { category: 'pix', value: 'contacts' },
        { category: 'calladd', value: 'friends' },
      ]),
    );
    expect(settings?.permissions?.callAdd).toBeUndefined();
  });

  test('gives every category in its own words, also those that have a field, and the timer', async () => {
    const settings = await read();
    expect(settings?.categories).toEqual(
      expect.arrayContaining([
        { category: 'last', value: 'all' },
        { category: 'defense', value: 'off' },
        { category: 'disappearing_mode', value: '0' },
      ]),
    );
    const categories = settings?.categories.map(({ category }) => category) ?? [];
    expect(categories.filter(category => category === 'pix')).toHaveLength(1);
    expect(new Set(categories).size).toBe(categories.length);
  });

  test('names a category that came as an error, and reads the others', async () => {
    service.simulator.inject({
      match: { on: 'privacy_get' },
      effect: { do: 'refuse_category', category: 'profile', code: 500, text: 'internal-server-error' },
    });
    const settings = await read();
    expect(settings?.unreadableCategories).toEqual([
      { category: 'profile', whatsappCode: 500, whatsappText: 'internal-server-error' },
    ]);
    expect(settings?.visibility?.profile).toBeUndefined();
    expect(settings?.visibility?.lastSeen).toBe(LastSeenVisibility.ALL);
  });

  test('shares one stanza among concurrent callers', async () => {
    await Promise.all(Array.from({ length: 10 }, () => read()));
    expect(takePrivacyStanzas(service)).toEqual(['get']);
  });

  test('with max_age answers from the last read, and reads again after a change on the phone', async () => {
    const first = await read();
    takePrivacyStanzas(service);
    expect(await read(60)).toEqual(first);
    expect(takePrivacyStanzas(service)).toEqual([]);

    desk.phone.setPrivacy('last', 'none');
    await expect.poll(async () => (await read(60))?.visibility?.lastSeen).toBe(LastSeenVisibility.NONE);
    desk.phone.setPrivacy('last', 'all');
    await expect.poll(async () => (await read(60))?.visibility?.lastSeen).toBe(LastSeenVisibility.ALL);
  });

  test('with max_age asks WhatsApp when the last read is older', async () => {
    await read();
    await read(0);
    expect(takePrivacyStanzas(service)).toEqual(['get', 'get']);
  });
});

describe('a read that WhatsApp', () => {
  /** Shorter than the service waits for WhatsApp. */
  const DEADLINE_MS = 5_000;
  const readFailure = (deadlineMs?: number) =>
    failureOf(
      service.client.call(
        Privacy.getPrivacySettings,
        { instance: desk.instance },
        deadlineMs === undefined ? {} : { deadlineMs },
      ),
    );

  test('refuses gives its code and text', async () => {
    service.simulator.inject({
      match: { on: 'privacy_get' },
      effect: { do: 'refuse', code: 403, text: 'forbidden' },
    });
    const failure = await readFailure();
    expect(failure).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'WHATSAPP_REJECTED' });
    expect(failure.details['google.rpc.ErrorInfo']?.metadata).toMatchObject({
      whatsapp_code: '403',
      whatsapp_text: 'forbidden',
    });
  });

  test('answers with a fault of its own is UNAVAILABLE', async () => {
    service.simulator.inject({ match: { on: 'privacy_get' }, effect: { do: 'refuse', code: 503 } });
    expect(await readFailure()).toMatchObject({ code: status.UNAVAILABLE, reason: 'WHATSAPP_UNCLEAR' });
  });

  test('does not answer ends before the deadline of the caller, with details', async () => {
    const fault = { match: { on: 'privacy_get' }, effect: { do: 'silence' }, times: Infinity } as const;
    const silence = service.simulator.inject(fault);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const failing = readFailure(DEADLINE_MS);
    while (silence.hits() === 0) await setImmediate(); // expect.poll would move the clock.
    vi.advanceTimersByTime(DEADLINE_MS - 1);
    const failure = await failing;
    expect(failure).toMatchObject({ code: status.DEADLINE_EXCEEDED, reason: 'DEADLINE_TOO_SHORT' });
    vi.useRealTimers();
    // On this connection the next read would wait for the same answer.
    service.simulator.clearFaults();
    desk.phone.dropConnections('close');
    await read();
  });

  test('cuts off is repeated on the next connection', async () => {
    service.simulator.inject({ match: { on: 'privacy_get' }, effect: { do: 'close' } });
    expect((await read())?.visibility?.lastSeen).toBe(LastSeenVisibility.ALL);
  });
});
