import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  PrivacyServiceService as Privacy,
  type UpdatePrivacySettingsRequest,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  LastSeenVisibility,
  MessagesPermission,
  ProfileVisibility,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
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
  service.simulator.clearFaults();
  for (const category of ['last', 'profile']) desk.phone.setPrivacy(category, 'all');
  await read();
});

const read = () => service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
const HIDE = { visibility: { lastSeen: LastSeenVisibility.NONE } };
const update = (request: Partial<UpdatePrivacySettingsRequest>, requestId: string) =>
  service.client.call(Privacy.updatePrivacySettings, { instance: desk.instance, ...request, requestId });
const sets = () => takePrivacyStanzas(service).filter(stanza => stanza.startsWith('set'));

describe('an update with a request_id', () => {
  test('repeated gets the first answer and changes nothing, also after a restart', async () => {
    const id = randomUUID();
    const first = await update(HIDE, id);
    desk.phone.setPrivacy('last', 'all');
    takePrivacyStanzas(service);
    expect(await update(HIDE, id)).toEqual(first);
    await service.stop();
    await service.start();
    expect(await update(HIDE, id)).toEqual(first);
    expect(sets()).toEqual([]);
    expect(desk.phone.settings()['last']).toBe('all');
  });

  test('sent twice at once is made once', async () => {
    const id = randomUUID();
    takePrivacyStanzas(service);
    const [first, second] = await Promise.all([update(HIDE, id), update(HIDE, id)]);
    expect(second).toEqual(first);
    expect(sets()).toEqual(['set last=none']);
  });

  test('and another body is refused', async () => {
    const id = randomUUID();
    await update(HIDE, id);
    const other = update({ visibility: { profile: ProfileVisibility.NONE } }, id);
    expect(await failureOf(other)).toMatchObject({
      code: status.ALREADY_EXISTS,
      reason: 'REQUEST_ID_REUSED',
    });
  });

  test('that failed after something was sent gets that failure again', async () => {
    const id = randomUUID();
    service.simulator.inject({
      match: { on: 'privacy_set', category: 'last' },
      effect: { do: 'refuse_category', code: 403, text: 'forbidden' },
    });
    const first = await failureOf(update(HIDE, id));
    takePrivacyStanzas(service);
    const again = await failureOf(update(HIDE, id));
    expect(again).toMatchObject({ code: first.code, reason: first.reason, message: first.message });
    expect(again.update).toEqual(first.update);
    expect(sets()).toEqual([]);
  });

  test('that failed before anything was sent is made anew', async () => {
    const id = randomUUID();
    desk.phone.removeCategory('messages');
    desk.phone.notify({ tag: 'privacy', attrs: {} });
    const MESSAGES = { ...HIDE, permissions: { messages: MessagesPermission.CONTACTS } };
    await expect.poll(async () => (await read()).settings?.permissions?.messages).toBeUndefined();
    expect((await failureOf(update(MESSAGES, id))).reason).toBe('SETTING_NOT_AVAILABLE');
    desk.phone.setPrivacy('messages', 'all');
    await read();
    await update(MESSAGES, id);
    expect(desk.phone.settings()).toMatchObject({ last: 'none', messages: 'contacts' });
  });
});
