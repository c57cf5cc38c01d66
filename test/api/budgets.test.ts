import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';
import { ErrorReason, SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  OnFailure,
  PrivacyServiceService as Privacy,
  type UpdatePrivacySettingsRequest,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  LastSeenVisibility,
  ProfileVisibility,
  StatusVisibility,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { failureOf } from '../support/call.js';
import { type Service, startService, takePrivacyStanzas } from '../support/service.js';

/** What may leave at once; as the limit, there is no more for an hour. */
const BURST = { sets: 40, reads: 60 };

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;
afterEach(() => service[Symbol.asyncDispose]());

/** Starts a service with these hourly budgets, and one instance that has used nothing but the read at its start. */
async function start(setsPerHour: number, readsPerHour: number) {
  service = await startService({
    env: {
      WA_PRIVACY_SETS_PER_HOUR: String(setsPerHour),
      WA_PRIVACY_READS_PER_HOUR: String(readsPerHour),
    },
  });
  desk = await service.linked();
  await expect.poll(() => takePrivacyStanzas(service)).toEqual(['get']);
}

const read = () => service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
const readSnapshot = () =>
  service.client.call(Privacy.getPrivacySettings, {
    instance: desk.instance,
    maxAge: { seconds: 3600n, nanos: 0 },
  });
const update = (request: Partial<UpdatePrivacySettingsRequest>) =>
  service.client.call(Privacy.updatePrivacySettings, { instance: desk.instance, ...request });
const lastSeen = (lastSeen: LastSeenVisibility) => update({ visibility: { lastSeen } });
const TWO = { lastSeen: LastSeenVisibility.NONE, profile: ProfileVisibility.CONTACTS };

/** Changes one setting to and fro. */
async function change(times: number) {
  for (let i = 0; i < times; i++)
    await lastSeen(i % 2 === 0 ? LastSeenVisibility.CONTACTS : LastSeenVisibility.ALL);
}

describe('the budget of changes', () => {
  test('refuses an update as a whole before anything is sent, and says when there is enough', async () => {
    await start(BURST.sets, 0);
    await change(BURST.sets - 1);
    takePrivacyStanzas(service);

    const failure = await failureOf(update({ visibility: TWO }));
    expect(failure).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'RATE_LIMITED' });
    expect(failure.message).toBe(
      'More than 40 changes of the instance in 3600 s; call again when RetryInfo says',
    );
    expect(takePrivacyStanzas(service)).toEqual([]);

    const { details } = failure;
    expect(details['google.rpc.ErrorInfo']?.metadata).toEqual({ limit: '40', period_seconds: '3600' });
    expect(details['google.rpc.QuotaFailure']?.violations).toMatchObject([
      { subject: `instance:${desk.instance}` },
    ]);
    const { seconds = 0n } = details['google.rpc.RetryInfo']?.retryDelay ?? {};
    expect(Number(seconds)).toBeGreaterThan(3000);
    expect(Number(seconds)).toBeLessThanOrEqual(3600);
    expect(failure.metadata.get('grpc-retry-pushback-ms')).toEqual(['-1']);
    expect(failure.update?.outcomes.map(({ state, reason }) => [state, reason])).toEqual([
      [State.NOT_ATTEMPTED, ErrorReason.RATE_LIMITED],
      [State.NOT_ATTEMPTED, ErrorReason.RATE_LIMITED],
    ]);

    await lastSeen(LastSeenVisibility.NONE);
    expect(takePrivacyStanzas(service)).toContain('set last=none');
  });

  test('counts what was sent, not what was asked for', async () => {
    await start(BURST.sets, 0);
    for (let i = 0; i < 2 * BURST.sets; i++) await lastSeen(LastSeenVisibility.ALL);
    await update({ visibility: TWO, validateOnly: true });
    takePrivacyStanzas(service);
    await change(BURST.sets);
    expect(takePrivacyStanzas(service).filter(stanza => stanza !== 'get')).toHaveLength(BURST.sets);
    expect((await failureOf(lastSeen(LastSeenVisibility.CONTACTS))).reason).toBe('RATE_LIMITED');
  });

  test('holds enough for a rollback before the first change leaves', async () => {
    await start(BURST.sets, 0);
    await change(BURST.sets - 5);
    const three = { ...TWO, status: StatusVisibility.NONE };
    const onFailure = OnFailure.ROLL_BACK;
    takePrivacyStanzas(service);
    const failure = await failureOf(update({ visibility: three, onFailure }));
    expect(failure.reason).toBe('RATE_LIMITED');
    expect(takePrivacyStanzas(service)).toEqual([]);
    // Without the need for a rollback the half is given back.
    await update({ visibility: TWO, onFailure });
    await lastSeen(LastSeenVisibility.ALL);
  });

  test('is each instance’s own', async () => {
    await start(BURST.sets, 0);
    await change(BURST.sets);
    expect((await failureOf(lastSeen(LastSeenVisibility.NONE))).reason).toBe('RATE_LIMITED');
    desk = await service.linked();
    await change(1);
  });
});

describe('the budget of reads', () => {
  test('is taken by what asks WhatsApp, and by nothing else', async () => {
    await start(0, BURST.reads);
    for (let i = 0; i < 2 * BURST.reads; i++) await readSnapshot();
    for (let i = 0; i < BURST.reads - 1; i++) await read();
    expect(takePrivacyStanzas(service)).toHaveLength(BURST.reads - 1);

    const failure = await failureOf(read());
    expect(failure).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'RATE_LIMITED' });
    expect(failure.details['google.rpc.ErrorInfo']?.metadata).toMatchObject({ limit: '60' });
    expect(takePrivacyStanzas(service)).toEqual([]);
    await readSnapshot();
  });

  test('is taken once by reads that share one answer', async () => {
    await start(0, BURST.reads);
    service.simulator.behaviour.latencyMs = 50;
    for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 5 }, () => read()));
    expect(takePrivacyStanzas(service).length).toBeLessThan(BURST.reads);
  });

  test('refuses an update that could not be read back', async () => {
    await start(0, BURST.reads);
    for (let i = 0; i < BURST.reads - 3; i++) await read();
    takePrivacyStanzas(service);
    expect((await failureOf(update({ visibility: TWO }))).reason).toBe('RATE_LIMITED');
    expect(takePrivacyStanzas(service)).toEqual([]);
  });

  test('that is empty leaves a push unread, and what was read before it unused', async () => {
    await start(0, BURST.reads);
    for (let i = 0; i < BURST.reads - 1; i++) await read();
    takePrivacyStanzas(service);
    desk.phone.setPrivacy('last', 'none');
    await expect
      .poll(() => readSnapshot().catch(({ reason }: { reason: string }) => reason), { timeout: 10_000 })
      .toBe('RATE_LIMITED');
    expect(takePrivacyStanzas(service)).toEqual([]);
  });
});
