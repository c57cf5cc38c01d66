import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  PrivacyServiceService as Privacy,
  type WatchPrivacySettingsResponse,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  CallAddPermission,
  GroupAddPermission,
  LastSeenVisibility,
  type PrivacySettings,
  ProfileVisibility,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import {
  Token_Access as Access,
  Token_Kind as Kind,
  TokenServiceService as Tokens,
} from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { bearer } from '../support/call.js';
import { link } from '../support/link.js';
import { type Service, startService, takePrivacyStanzas } from '../support/service.js';
import { type Watching, watch } from '../support/watch.js';

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;
const opened: Watching[] = [];

beforeAll(async () => {
  service = await startService();
  desk = await service.linked();
});
afterAll(() => service[Symbol.asyncDispose]());
afterEach(() => {
  for (const { leave } of opened.splice(0)) leave();
  service.simulator.clearFaults();
});

/** Watches instances, and waits until something is known of each. */
async function watching(...instances: string[]): Promise<Watching> {
  const opening = watch(service.client, { instances });
  opened.push(opening);
  await expect.poll(() => opening.events.length).toBeGreaterThanOrEqual(Math.max(instances.length, 1));
  return opening;
}
const newest = ({ events }: Watching): PrivacySettings | undefined => settingsOf(events.at(-1));
function settingsOf({ event }: Partial<WatchPrivacySettingsResponse> = {}): PrivacySettings | undefined {
  if (event?.$case === 'snapshot') return event.value;
  return event?.$case === 'change' ? event.value.settings : undefined;
}
const hideLastSeen = (lastSeen = LastSeenVisibility.NONE) =>
  service.client.call(Privacy.updatePrivacySettings, { instance: desk.instance, visibility: { lastSeen } });

describe('a watched instance', () => {
  test('shows its settings first, then what the phone changes', async () => {
    const { heard, events } = await watching(desk.instance);
    expect(heard()).toEqual([`${desk.instance} snapshot`]);
    desk.phone.setPrivacy('profile', 'contacts');
    await expect.poll(heard).toEqual([`${desk.instance} snapshot`, `${desk.instance} OTHER_DEVICE PROFILE`]);
    expect(settingsOf(events[1])?.visibility?.profile).toBe(ProfileVisibility.CONTACTS);
  });

  test('shows what a call to this service changes, and then the same value set by the phone', async () => {
    const opening = await watching(desk.instance);
    await hideLastSeen();
    await expect.poll(opening.heard).toContain(`${desk.instance} THIS_SERVICE LAST_SEEN`);
    expect(newest(opening)?.visibility?.lastSeen).toBe(LastSeenVisibility.NONE);
    for (const value of ['all', 'none']) {
      const before = opening.events.length;
      desk.phone.setPrivacy('last', value);
      await expect
        .poll(() => opening.heard().slice(before))
        .toEqual([`${desk.instance} OTHER_DEVICE LAST_SEEN`]);
    }
  });

  test('costs at most two reads for a hundred pushes in a second', async () => {
    const opening = await watching(desk.instance);
    takePrivacyStanzas(service);
    const start = Date.now();
    for (let push = 1; push <= 100; push++) {
      desk.phone.setPrivacy('status', push % 2 ? 'none' : 'contacts');
      if (push % 10 === 0) await new Promise(resolve => setTimeout(resolve, 80));
    }
    desk.phone.setPrivacy('calladd', 'known');
    const seconds = Math.ceil((Date.now() - start) / 1000); // One, but on a machine that is very busy.
    await expect.poll(() => newest(opening)?.permissions?.callAdd).toBe(CallAddPermission.KNOWN);
    // The debounce of the last push is over.
    await new Promise(resolve => setTimeout(resolve, 1500));
    expect(takePrivacyStanzas(service).length).toBeLessThanOrEqual(seconds + 1);
  });

  test('is unavailable while it reconnects, and then shows what was missed', async () => {
    const opening = await watching(desk.instance);
    service.simulator.inject({ match: { on: 'upgrade' }, effect: { do: 'http', status: 503 }, times: 2 });
    desk.phone.dropConnections('close');
    await expect.poll(opening.heard).toContain(`${desk.instance} INSTANCE_NOT_CONNECTED`);
    desk.phone.setPrivacy('groupadd', 'contacts');
    await expect.poll(() => newest(opening)?.permissions?.groupAdd).toBe(GroupAddPermission.CONTACTS);
    const kinds = opening.heard().map(text => text.split(' ')[1]);
    expect(kinds).toEqual(['snapshot', 'INSTANCE_NOT_CONNECTED', 'snapshot']);
  });

  test('is unavailable when WhatsApp does not tell its settings, and is asked again', async () => {
    const opening = await watching(desk.instance);
    service.simulator.inject({
      match: { on: 'privacy_get' },
      effect: { do: 'refuse', code: 403, text: 'forbidden' },
    });
    desk.phone.setPrivacy('profile', 'none');
    await expect
      .poll(opening.heard)
      .toEqual([
        `${desk.instance} snapshot`,
        `${desk.instance} WHATSAPP_REJECTED`,
        `${desk.instance} snapshot`,
      ]);
    expect(opening.events[1]?.event?.value).toMatchObject({
      message: 'WhatsApp refused to tell the settings',
    });
    expect(newest(opening)?.visibility?.profile).toBe(ProfileVisibility.NONE);
  });

  test('is unavailable until it is linked, and again once the phone has removed it', async () => {
    const name = 'to-be-linked';
    await service.client.call(Instances.createInstance, { name });
    const { heard } = await watching(name);
    expect(heard()).toEqual([`${name} INSTANCE_NOT_LINKED`]);
    const phone = service.simulator.addPhone({ phoneNumber: '15550109001' });
    await link(service.client, name, phone);
    await expect.poll(heard).toContain(`${name} snapshot`);
    phone.removeDevice(phone.devices()[0]?.device ?? 0);
    await expect.poll(() => heard().at(-1)).toBe(`${name} INSTANCE_LOGGED_OUT`);
  });

  test('is unavailable when other software took its credentials, until it is told to reconnect', async () => {
    const opening = await watching(desk.instance);
    desk.phone.streamError(undefined, 'replaced');
    await expect.poll(opening.heard).toContain(`${desk.instance} INSTANCE_NOT_CONNECTED`);
    expect(opening.events[1]?.event?.value).toMatchObject({
      message: 'the credentials are in use elsewhere',
    });
    await service.client.call(Instances.reconnectInstance, { instance: desk.instance });
    await expect.poll(() => opening.heard().at(-1)).toBe(`${desk.instance} snapshot`);
  });

  test('is unavailable while WhatsApp refuses the account', async () => {
    const { instance, phone } = await service.linked();
    const { heard } = await watching(instance);
    const { phoneNumber } = phone;
    service.simulator.inject({
      match: { on: 'login', phoneNumber },
      effect: { do: 'failure', reason: 402, code: 101, expire: 3600 },
    });
    phone.dropConnections('close');
    await expect.poll(heard).toContain(`${instance} INSTANCE_SUSPENDED`);
  });

  test('is told when it is deleted', async () => {
    const { instance, token } = await service.linked();
    const [named, all, own] = [
      await watching(instance),
      await watching(),
      watch(service.client, {}, { metadata: bearer(token) }),
    ];
    opened.push(own);
    await expect.poll(() => own.events.length).toBe(1);
    await service.client.call(Instances.deleteInstance, { instance: instance });
    for (const { heard } of [named, all])
      await expect.poll(heard).toContain(`${instance} INSTANCE_NOT_FOUND`);
    // Its token went with it.
    expect(await own.ended).toMatchObject({ reason: 'TOKEN_INVALID' });
  });
});

describe('a watcher', () => {
  test('of all hears of instances made later', async () => {
    const { heard } = await watching();
    const { instance, phone } = await service.linked();
    await expect.poll(heard).toContain(`${instance} snapshot`);
    phone.setPrivacy('last', 'none');
    await expect.poll(heard).toContain(`${instance} OTHER_DEVICE LAST_SEEN`);
  });

  test('is cut off when its token is revoked', async () => {
    const { secret, token } = await service.client.call(Tokens.createToken, {
      kind: Kind.ACCOUNT,
      access: Access.READ_ONLY,
    });
    const opening = watch(service.client, {}, { metadata: bearer(secret) });
    await expect.poll(opening.heard).toContain(`${desk.instance} snapshot`);
    const started = Date.now();
    await service.client.call(Tokens.revokeToken, { tokenId: token?.id ?? '' });
    expect(await opening.ended).toMatchObject({ code: 16, reason: 'TOKEN_INVALID' });
    expect(Date.now() - started).toBeLessThan(5000);
  });

  test('that does not read gets the newest settings and not each step', async () => {
    // Large settings, so that few of them fill every buffer on the way.
    desk = await service.linked({ settings: { pix: 'x'.repeat(10_000) } });
    const steps = 100;
    const stream = service.client.stream(Privacy.watchPrivacySettings, { instances: [desk.instance] });
    expect((await stream.next()).value?.event?.$case).toBe('snapshot');
    for (let step = 1; step <= steps; step++)
      await hideLastSeen(step % 2 ? LastSeenVisibility.NONE : LastSeenVisibility.CONTACTS);
    desk.phone.setPrivacy('calladd', 'known');

    let received = 0;
    for await (const message of stream) {
      received++;
      const { visibility, permissions } = settingsOf(message) ?? {};
      if (permissions?.callAdd !== CallAddPermission.KNOWN) continue;
      expect(visibility?.lastSeen).toBe(LastSeenVisibility.CONTACTS);
      break;
    }
    expect(received).toBeLessThan(steps / 2);
  });
});
