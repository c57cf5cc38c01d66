import { describe, expect, test, vi } from 'vitest';
import {
  InstanceServiceService as Instances,
  Instance_OfflineQueue as OfflineQueue,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  DefaultDisappearingTimer,
  LastSeenVisibility,
  type PrivacySettings,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Phone } from '../../src/simulator/index.js';
import { type Desk, reconnect, view } from '../support/desk.js';
import { type Service, startService } from '../support/service.js';
import { watch } from '../support/watch.js';

const CONTACT = '15550100999@s.whatsapp.net';
const STORIES = 'status@broadcast';
const HOUR = { seconds: 3600n, nanos: 0 };
const PATIENCE = { timeout: 240_000, interval: 100 };

const queueOf = async (service: Service, desk: Desk) => {
  const { instance } = await service.client.call(Instances.getInstance, { instance: desk.instance });
  return instance && OfflineQueue[instance.offlineQueue];
};
const read = async (service: Service, { instance }: Desk, maxAge?: typeof HOUR) =>
  (await service.client.call(Privacy.getPrivacySettings, { instance, ...(maxAge && { maxAge }) })).settings;
/** What the service logged of this event. */
const logged = ({ log }: Service, event: string) =>
  log.map(line => JSON.parse(line) as Record<string, unknown>).filter(line => line['event'] === event);

/** What an account gets in a week, each kind among the others. */
function week(phone: Phone, messages: number, changes: number) {
  const own = `${phone.phoneNumber}@s.whatsapp.net`;
  const every = (share: number, index: number, tag: string, attrs: Record<string, string>) => {
    if (index % share === 0) phone.deliver({ tag, attrs: { id: `${tag}-${share}-${index}`, ...attrs } });
  };
  for (let index = 0; index < messages; index++) {
    phone.deliver({ tag: 'message', attrs: { id: `m${index}`, from: CONTACT, type: 'text' } });
    every(10, index, 'message', { from: STORIES, participant: CONTACT });
    every(11, index, 'status', { from: STORIES, participant: CONTACT });
    every(12, index, 'message', { from: own, recipient: CONTACT, type: 'text' });
    every(13, index, 'message', { from: `${phone.lid}@lid`, recipient: CONTACT });
    every(14, index, 'receipt', { from: CONTACT, recipient: own, type: 'read' });
    every(15, index, 'receipt', { from: '1-2@g.us', participant: CONTACT, type: 'retry' });
    every(100, index, 'call', { from: CONTACT });
    every(101, index, 'appdata', { from: CONTACT });
    every(102, index, 'poll_vote', { from: CONTACT });
    every(103, index, 'notification', { from: '@s.whatsapp.net', type: 'mex' });
    if (index % Math.floor(messages / changes) === 0)
      phone.setPrivacy('last', phone.settings()['last'] === 'none' ? 'contacts' : 'none');
  }
}

test('the queue of seven days is drained to its end, nothing is owed, and a Watch misses nothing', async () => {
  await using service = await startService();
  const desk = await service.linked();
  const { phone } = desk;
  await service.stop();
  await expect.poll(() => phone.devices()[0]?.connected).toBe(false);
  week(phone, 3_000, 150);
  phone.setPrivacy('last', 'none');
  phone.setDisappearingMode(86_400);
  const kept = phone.owed().length;
  expect(kept).toBeGreaterThan(4_000);
  service.simulator.clearStanzas();

  await service.start();
  const { events, heard, leave } = watch(service.client, { instances: [desk.instance] });
  await vi.waitFor(() => expect(phone.owed()).toEqual([]), PATIENCE);
  await vi.waitFor(async () => expect(await queueOf(service, desk)).toBe('DRAINED'), PATIENCE);
  const latest = (): PrivacySettings | undefined => {
    const told = events.flatMap(({ event }) => {
      if (event?.$case === 'snapshot') return event.value;
      return event?.$case === 'change' ? (event.value.settings ?? []) : [];
    });
    return told.at(-1);
  };
  await expect.poll(() => latest()?.visibility?.lastSeen).toBe(LastSeenVisibility.NONE);
  await expect.poll(() => latest()?.privacy?.defaultDisappearingTimer).toBe(DefaultDisappearingTimer.ONE_DAY);
  phone.setPrivacy('last', 'all');
  await expect.poll(() => heard().at(-1)).toBe(`${desk.instance} OTHER_DEVICE LAST_SEEN`);
  leave();

  const sent = service.simulator.stanzas.map(({ node }) => node);
  expect(new Set(sent.map(({ tag }) => tag))).toEqual(new Set(['iq', 'ib', 'ack', 'receipt']));
  const receipts = sent.filter(({ tag }) => tag === 'receipt');
  expect(new Set(receipts.map(({ attrs }) => attrs['type']))).toEqual(new Set(['sender']));
  expect(new Set(sent.map(({ attrs }) => attrs['error']))).toEqual(new Set([undefined, '488']));
  // One login, and each stanza answered once.
  expect(new Set(service.simulator.stanzas.map(({ connection }) => connection)).size).toBe(1);
  const answered = sent.filter(({ tag }) => tag === 'ack' || tag === 'receipt');
  expect(answered).toHaveLength(kept + 1);
});

describe('a queue that stands still', () => {
  test('is said, and settings are read on a timer; so are they where a push is lost', async () => {
    await using service = await startService({ env: { WA_PRIVACY_PUSH_TRUST_SECONDS: '2' } });
    const { simulator, client } = service;
    const desk = await service.linked();
    const { phone, instance } = desk;
    const { heard, leave } = watch(client, { instances: [instance] });
    await expect.poll(heard).toContain(`${instance} snapshot`);

    // Drained, and a push is lost.
    await expect.poll(() => queueOf(service, desk)).toBe('DRAINED');
    simulator.behaviour.push = 'none';
    phone.setPrivacy('last', 'none');
    await expect.poll(() => heard().at(-1), PATIENCE).toBe(`${instance} OTHER_DEVICE LAST_SEEN`);
    phone.setDisappearingMode(604_800);
    const timer = async () => (await read(service, desk, HOUR))?.privacy?.defaultDisappearingTimer;
    await expect.poll(timer, PATIENCE).toBe(DefaultDisappearingTimer.SEVEN_DAYS);
    simulator.behaviour.push = 'categories';

    simulator.behaviour.offlineBatch = 'withheld';
    phone.dropConnections('close');
    await expect.poll(() => phone.devices()[0]?.connected).toBe(false);
    phone.deliver({ tag: 'status', attrs: { id: 's1', from: STORIES, participant: CONTACT } });
    week(phone, 20, 1);
    await expect.poll(() => queueOf(service, desk), PATIENCE).toBe('STALLED');
    expect((await view(service, desk)).stateReason).toMatch(/does not send the rest of what it kept/);
    expect(logged(service, 'queue_stalled')).toMatchObject([{ level: 'warn', instance }]);
    expect(logged(service, 'queue_stalled')[0]?.['stanza']).toMatch(/^(message|status)$/);

    // No push comes for this.
    leave();
    phone.setPrivacy('last', 'all');
    const history = async () =>
      (await client.call(Privacy.listPrivacyChanges, { instance })).changes.filter(
        ({ newValue }) => newValue === 'all',
      );
    await expect.poll(history, PATIENCE).toHaveLength(1);
    expect((await read(service, desk, HOUR))?.visibility?.lastSeen).toBe(LastSeenVisibility.ALL);

    simulator.behaviour.offlineBatch = 'awaited';
    phone.dropConnections('close');
    await reconnect(service, desk);
    await expect.poll(() => queueOf(service, desk), PATIENCE).toBe('DRAINED');
    await expect.poll(() => phone.owed()).toEqual([]);
    expect((await view(service, desk)).stateReason).toBe('');
  });
});

test('a stanza that cannot be decoded, at every login, costs a line in the log and nothing else', async () => {
  await using service = await startService();
  const desk = await service.linked();
  const poison = service.simulator.inject({
    match: { on: 'iq', xmlns: 'passive' },
    effect: { do: 'undecodable', moment: 'after_reply' },
    times: Number.POSITIVE_INFINITY,
  });
  desk.phone.dropConnections('close');
  await expect.poll(() => poison.hits()).toBe(1);
  service.simulator.clearStanzas();
  desk.phone.setPrivacy('last', 'none');
  await expect
    .poll(async () => (await read(service, desk))?.visibility?.lastSeen)
    .toBe(LastSeenVisibility.NONE);
  await expect.poll(() => queueOf(service, desk)).toBe('DRAINED');
  expect(poison.hits()).toBe(1);
  expect(logged(service, 'frame_dropped')).toMatchObject([{ level: 'warn', bytes: 19, count: 1 }]);
});
