import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  PrivacyServiceService as Privacy,
  type UpdatePrivacySettingsRequest,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility, ProfileVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { failureOf } from '../support/call.js';
import { type Service, startService, takePrivacyStanzas } from '../support/service.js';

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;
beforeAll(async () => {
  service = await startService();
  desk = await service.linked();
});
afterAll(() => service[Symbol.asyncDispose]());
beforeEach(async () => {
  for (const category of ['last', 'profile']) desk.phone.setPrivacy(category, 'all');
  await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
  takePrivacyStanzas(service);
});

const FIRST: Partial<UpdatePrivacySettingsRequest> = { visibility: { lastSeen: LastSeenVisibility.NONE } };
const SECOND: Partial<UpdatePrivacySettingsRequest> = { visibility: { profile: ProfileVisibility.NONE } };
const update = (request: Partial<UpdatePrivacySettingsRequest>, signal?: AbortSignal) =>
  service.client.call(
    Privacy.updatePrivacySettings,
    { instance: desk.instance, ...request },
    signal ? { signal } : {},
  );

/** Leaves an update while WhatsApp takes its time with the set that it sent. */
async function leave(request: Partial<UpdatePrivacySettingsRequest>) {
  service.simulator.inject({
    match: { on: 'privacy_set', category: 'last' },
    effect: { do: 'delay', ms: 500 },
  });
  const gone = new AbortController();
  const call = failureOf(update(request, gone.signal));
  await expect.poll(() => service.simulator.findStanzas({ category: 'last' }).length).toBe(1);
  gone.abort();
  expect((await call).code).toBe(status.CANCELLED);
}

describe('an update whose caller left after a change was sent', () => {
  test('keeps its turn until the outcome is known', async () => {
    await leave(FIRST);
    await update(SECOND);
    expect(service.simulator.sets(desk.phone.phoneNumber).slice(-2)).toMatchObject([
      { category: 'last', value: 'none' },
      { category: 'profile', value: 'none' },
    ]);
  });

  test('gives its outcome to who repeats the request_id, and sends nothing again', async () => {
    const request = { ...FIRST, requestId: randomUUID() };
    await leave(request);
    const { outcomes } = await update(request);
    expect(outcomes.map(({ state }) => State[state])).toEqual(['APPLIED']);
    expect(takePrivacyStanzas(service).filter(stanza => stanza.startsWith('set'))).toEqual(['set last=none']);
  });
});
