import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BUILT_IN, versionText } from '../../../src/domain/version/client-version.js';
import type { VersionRecord } from '../../../src/instances/ports/client-version.js';
import { openVersions, type VersionOptions } from '../../../src/whatsapp/version/client-versions.js';

const [HOUR_MS, DAY_MS] = [3_600_000, 86_400_000];
const NEWER = BUILT_IN.revision + 50_000;
const NONE: VersionRecord = { fetched: undefined, lookTime: undefined, expiration: undefined };
const dayAfter = (days: number) => new Date(BUILT_IN.releasedAt.getTime() + days * DAY_MS);

beforeEach(() => void vi.useFakeTimers({ now: dayAfter(10) }));
afterEach(() => void vi.useRealTimers());

/** The versions of a node, what was asked of WhatsApp and what the operator was told. */
async function versionsWith(options: Partial<VersionOptions> = {}, stored: VersionRecord = NONE) {
  const told: string[] = [];
  const kept = { record: stored };
  const live = { revision: NEWER, asked: 0 };
  const opened = await openVersions({
    fetching: 'off',
    async fetchLive() {
      live.asked++;
      if (live.revision === 0) throw new Error('nobody there');
      return live.revision;
    },
    store: {
      load: async () => kept.record,
      save: async record => {
        kept.record = record;
      },
    },
    log: {
      versionAnnounced: ({ version, source }) => told.push(`announced ${version} ${source}`),
      versionIgnored: () => told.push('ignored'),
      versionOld: ({ ageDays }) => told.push(`old ${ageDays}`),
      versionExpires: ({ expireTime }) => told.push(`expires ${expireTime.toISOString()}`),
      versionFetchFailed: ({ cause }) => told.push(`failed ${(cause as Error).message}`),
      taskFailed: ({ task }) => told.push(`fault ${task}`),
    },
    ...options,
  });
  return { ...opened, told, kept, live };
}

describe('an announced version', () => {
  test('is warned of from its sixtieth day on, once a day', async () => {
    vi.setSystemTime(dayAfter(59));
    const { told, stop } = await versionsWith();
    const warnings = () => told.filter(line => line.startsWith('old'));
    expect(warnings()).toEqual([]);
    await vi.advanceTimersByTimeAsync(DAY_MS + HOUR_MS);
    expect(warnings()).toEqual(['old 60']);
    await vi.advanceTimersByTimeAsync(2 * DAY_MS);
    expect(warnings()).toEqual(['old 60', 'old 61', 'old 62']);
    await stop();
  });

  test('was fetched before: it is announced again, unless nothing is to be fetched any more', async () => {
    const stored = { ...NONE, fetched: { revision: NEWER, time: dayAfter(9) } };
    const again = await versionsWith({ fetching: 'when_refused' }, stored);
    expect(again.announced()).toEqual({ revision: NEWER, source: 'FETCHED', releasedAt: dayAfter(9) });
    expect((await versionsWith({ fetching: 'off' }, stored)).announced()).toBe(BUILT_IN);
    const configured = NEWER + 1;
    const both = await versionsWith({ fetching: 'when_refused', configured }, stored);
    expect(both.announced()).toMatchObject({ revision: configured, source: 'CONFIGURED' });
    expect(both.status().fetched).toEqual(stored.fetched);
  });

  test('that was stored and is too far ahead for this release is not', async () => {
    const stored = { ...NONE, fetched: { revision: BUILT_IN.revision + 99_000_000, time: dayAfter(9) } };
    expect((await versionsWith({ fetching: 'when_refused' }, stored)).announced()).toBe(BUILT_IN);
  });
});

describe('a look for the newest version', () => {
  test('is taken once an hour, however often WhatsApp refuses, and however the clock is set', async () => {
    const { refused, live, stop } = await versionsWith({ fetching: 'when_refused' });
    live.revision = 0;
    for (let minute = 0; minute < 59; minute++) {
      refused();
      vi.setSystemTime(dayAfter(minute));
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(live.asked).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    refused();
    expect(live.asked).toBe(2);
    await stop();
  });

  test('counts those before a restart, and waits no longer than an hour for a clock that was ahead', async () => {
    for (const [lookTime, minutes] of [
      [new Date(dayAfter(10).getTime() - HOUR_MS / 2), 30],
      [dayAfter(300), 60],
    ] as const) {
      vi.setSystemTime(dayAfter(10));
      const { refused, live, stop } = await versionsWith({ fetching: 'when_refused' }, { ...NONE, lookTime });
      await vi.advanceTimersByTimeAsync(minutes * 60_000 - 1);
      refused();
      expect(live.asked).toBe(0);
      await vi.advanceTimersByTimeAsync(1);
      refused();
      expect(live.asked).toBe(1);
      await stop();
    }
  });

  test('that brings a newer one is told to whoever waits for it, and kept', async () => {
    const { refused, onRaised, announced, kept, live, told, stop } = await versionsWith({
      fetching: 'when_refused',
    });
    const raised = vi.fn();
    onRaised(raised);
    refused();
    await vi.advanceTimersByTimeAsync(0);
    expect(announced().revision).toBe(NEWER);
    expect(raised).toHaveBeenCalledTimes(1);
    expect(kept.record.fetched?.revision).toBe(NEWER);
    expect(told.at(-1)).toBe(`announced ${versionText({ revision: NEWER })} FETCHED`);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    refused();
    await vi.advanceTimersByTimeAsync(0);
    expect([live.asked, raised.mock.calls.length]).toEqual([2, 1]);
    await stop();
  });

  test('is taken daily where wanted, each hour after a failure, and never where it is off', async () => {
    const { live, stop } = await versionsWith({ fetching: 'daily' });
    expect(live.asked).toBe(1);
    await vi.advanceTimersByTimeAsync(DAY_MS + HOUR_MS);
    expect(live.asked).toBe(2);
    live.revision = 0;
    await vi.advanceTimersByTimeAsync(DAY_MS + 2 * HOUR_MS);
    expect(live.asked).toBeGreaterThanOrEqual(4);
    await stop();
    const off = await versionsWith({ fetching: 'off' });
    off.refused();
    await vi.advanceTimersByTimeAsync(2 * DAY_MS);
    expect(off.live.asked).toBe(0);
    await off.stop();
  });

  test('that ends after the service does changes nothing', async () => {
    const answer = Promise.withResolvers<number>();
    const { refused, stop, kept, announced } = await versionsWith({
      fetching: 'when_refused',
      fetchLive: () => answer.promise,
    });
    refused();
    await stop();
    answer.resolve(NEWER);
    await vi.advanceTimersByTimeAsync(0);
    expect(kept.record.fetched).toBeUndefined();
    expect(announced()).toBe(BUILT_IN);
  });
});

describe('an announced end', () => {
  test('is warned of once a day, and no more for another version', async () => {
    const { expirationTold, status, told, stop } = await versionsWith();
    expirationTold(BUILT_IN.revision - 1, dayAfter(30));
    expect(status().expireTime).toBeUndefined();
    expirationTold(BUILT_IN.revision, dayAfter(30));
    expirationTold(BUILT_IN.revision, dayAfter(30));
    const warnings = () => told.filter(line => line.startsWith('expires')).length;
    expect(warnings()).toBe(1);
    await vi.advanceTimersByTimeAsync(DAY_MS);
    expect(warnings()).toBe(2);
    await stop();
    const stored = { ...NONE, expiration: { revision: BUILT_IN.revision, time: dayAfter(30) } };
    const raised = await versionsWith({ configured: NEWER }, stored);
    expect(raised.status().expireTime).toBeUndefined();
    await raised.stop();
  });
});
