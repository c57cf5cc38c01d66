import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  Instance_State,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  PrivacyServiceService as Privacy,
  type UpdatePrivacySettingsRequest,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  LastSeenVisibility,
  MessagesPermission,
  ProfileVisibility,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { type CallOptions, failureOf } from '../support/call.js';
import { link } from '../support/link.js';
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
const update = (
  request: Partial<UpdatePrivacySettingsRequest>,
  requestId: string,
  options: CallOptions = {},
) =>
  service.client.call(
    Privacy.updatePrivacySettings,
    { instance: desk.instance, ...request, requestId },
    options,
  );
const sets = () => takePrivacyStanzas(service).filter(stanza => stanza.startsWith('set'));

/** An update that takes its turn for a while, and keeps those behind it waiting. */
async function longUpdate() {
  service.simulator.inject({
    match: { on: 'privacy_set', category: 'profile' },
    effect: { do: 'delay', ms: 4000 },
  });
  const isSent = () => service.simulator.findStanzas({ xmlns: 'privacy', type: 'set' }).length > 0;
  takePrivacyStanzas(service);
  const ended = update({ visibility: { profile: ProfileVisibility.NONE } }, '');
  await expect.poll(isSent).toBe(true);
  return { ended };
}

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

  test('is made by a repetition with more time when the first caller had too little', async () => {
    const id = randomUUID();
    const before = await longUpdate();
    const first = failureOf(update(HIDE, id, { deadlineMs: 1000 }));
    const second = update(HIDE, id, { deadlineMs: 60_000 });
    expect(await first).toMatchObject({ code: status.DEADLINE_EXCEEDED, reason: 'DEADLINE_TOO_SHORT' });
    expect((await second).outcomes).toMatchObject([{ state: State.APPLIED }]);
    await before.ended;
    expect(sets()).toEqual(['set profile=none', 'set last=none']);
    expect(desk.phone.settings()['last']).toBe('none');
  });

  test('is made by a repetition when the first caller has gone', async () => {
    const id = randomUUID();
    const before = await longUpdate();
    const gone = new AbortController();
    const first = failureOf(update(HIDE, id, { signal: gone.signal }));
    const second = update(HIDE, id);
    gone.abort();
    expect(await first).toMatchObject({ code: status.CANCELLED });
    expect((await second).outcomes).toMatchObject([{ state: State.APPLIED }]);
    await before.ended;
    expect(sets()).toEqual(['set profile=none', 'set last=none']);
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

describe('the answer to an update is forgotten with the account it changed', () => {
  const { createInstance, deleteInstance, unlinkInstance } = Instances;
  let phones = 0;
  const newPhone = () => service.simulator.addPhone({ phoneNumber: `1555020000${phones++}` });

  test.each([
    [
      'the instance is deleted and made again',
      async (instance: string) => {
        await service.client.call(deleteInstance, { instance: instance });
        await service.client.call(createInstance, { name: instance });
      },
    ],
    [
      'the account is unlinked',
      async (instance: string) => {
        await service.client.call(unlinkInstance, { instance: instance });
      },
    ],
  ])('when %s', async (_, part) => {
    const instance = `swap-${phones}`;
    const phone = newPhone();
    await service.client.call(createInstance, { name: instance });
    await link(service.client, instance, phone);
    const id = randomUUID();
    await update({ ...HIDE, instance }, id);
    expect(phone.settings()['last']).toBe('none');

    await part(instance);
    const other = newPhone();
    await link(service.client, instance, other);
    expect((await update({ ...HIDE, instance }, id)).outcomes).toMatchObject([{ state: State.APPLIED }]);
    expect(other.settings()['last']).toBe('none');
  });

  test('and stays when the same account is linked again after its phone removed the device', async () => {
    const { instance, phone } = await service.linked();
    const id = randomUUID();
    const first = await update({ ...HIDE, instance }, id);
    phone.removeDevice(1);
    const state = async () =>
      (await service.client.call(Instances.getInstance, { instance: instance })).instance?.state;
    await expect.poll(state).toBe(Instance_State.LOGGED_OUT);
    await link(service.client, instance, phone);
    expect(await update({ ...HIDE, instance }, id)).toEqual(first);
  });
});
