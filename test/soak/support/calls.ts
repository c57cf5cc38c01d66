import { setTimeout as wait } from 'node:timers/promises';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  ContactBlacklistSetting,
  OnFailure,
  PrivacyServiceService as Privacy,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  GroupAddPermission,
  LastSeenVisibility,
  ProfileVisibility,
  DefaultDisappearingTimer as Timer,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Phone, Simulator } from '../../../src/simulator/index.js';
import { bearer, type Caller, caller, OWN_CONNECTION } from '../../support/call.js';

/** What the load is put on. */
export type Stage = {
  readonly address: string;
  readonly token: string;
  readonly simulator: Simulator;
  readonly desks: readonly { readonly instance: string; readonly phone: Phone }[];
  /** An instance without an account. */
  readonly unlinked: string;
  /** Phone numbers on WhatsApp. */
  readonly people: readonly string[];
};

/** One of them, at random. */
export const pick = <T>(things: readonly T[]): T => things[Math.floor(Math.random() * things.length)] as T;

const age = (seconds: number) => ({ seconds: BigInt(seconds), nanos: 0 });

/** One of the calls that only read. */
export function read({ desks }: Stage, { call }: Caller): Promise<unknown> {
  const { instance } = pick(desks);
  const setting = ContactBlacklistSetting.LAST_SEEN;
  return pick([
    () => call(Privacy.getPrivacySettings, { instance, maxAge: age(60) }),
    () => call(Privacy.getPrivacySettings, { instance }),
    () => call(Privacy.describePrivacySettings, { instance }),
    () => call(Privacy.listPrivacySettings, { maxAge: age(pick([0, 60])) }),
    () => call(Privacy.listPrivacyChanges, { instance }),
    () => call(Privacy.getContactBlacklist, { instance, setting }),
    () => call(Instances.listInstances, {}),
  ])();
}

/** Changes settings; some callers leave early, or give little time. */
export function update({ desks }: Stage, { call }: Caller): Promise<unknown> {
  const request = {
    instance: pick(desks).instance,
    visibility: {
      lastSeen: pick([LastSeenVisibility.ALL, LastSeenVisibility.CONTACTS, LastSeenVisibility.NONE]),
    },
    permissions: { groupAdd: pick([GroupAddPermission.ALL, GroupAddPermission.CONTACTS]) },
    privacy: pick([undefined, undefined, { defaultDisappearingTimer: pick([Timer.OFF, Timer.NINETY_DAYS]) }]),
    onFailure: pick([OnFailure.STOP, OnFailure.CONTINUE, OnFailure.ROLL_BACK]),
    requestId: crypto.randomUUID(),
  };
  const leave = pick([5, 100, 20_000, 20_000, 20_000]);
  return call(Privacy.updatePrivacySettings, request, {
    deadlineMs: pick([300, 20_000, 20_000]),
    signal: AbortSignal.timeout(leave),
  });
}

export function updateList({ desks, people }: Stage, { call }: Caller): Promise<unknown> {
  const [phoneNumber, other] = [pick(people), pick(people)];
  return call(Privacy.updateContactBlacklist, {
    instance: pick(desks).instance,
    setting: ContactBlacklistSetting.LAST_SEEN,
    entriesToAdd: [{ id: { $case: 'phoneNumber', value: `+${phoneNumber}` } }],
    entriesToRemove: other === phoneNumber ? [] : [{ id: { $case: 'phoneNumber', value: `+${other}` } }],
  });
}

export const apply = ({ desks }: Stage, client: Caller): Promise<unknown> =>
  take(
    client.stream(Privacy.applyPrivacySettings, {
      instances: desks.map(({ instance }) => instance),
      visibility: { profile: pick([ProfileVisibility.ALL, ProfileVisibility.NONE]) },
    }),
    pick([3, Number.POSITIVE_INFINITY]),
  );

/** Watches until something happened, or for a while, then leaves. */
export const watch = (_: Stage, client: Caller): Promise<unknown> => {
  const signal = AbortSignal.timeout(10_000);
  return take(client.stream(Privacy.watchPrivacySettings, {}, { signal }), pick([1, 10, 30]));
};

/** Watches on a connection of its own, reads nothing of it, and goes away without a word. */
export async function watchUnread({ address, token }: Stage): Promise<void> {
  const { client, close } = caller(address, token, OWN_CONNECTION);
  const { path, requestSerialize, responseDeserialize } = Privacy.watchPrivacySettings;
  const request = { instances: [], heartbeatInterval: age(5), labelSelector: '' };
  const unread = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    request,
    bearer(token),
  );
  unread.on('error', () => undefined);
  await wait(5000);
  close();
  unread.cancel();
}

/** Calls over a connection that is used once. */
export async function callOnce({ address, token, desks }: Stage): Promise<void> {
  const client = caller(address, token, OWN_CONNECTION);
  const { instance } = pick(desks);
  await client.call(Privacy.getPrivacySettings, { instance, maxAge: age(60) }).finally(client.close);
}

/** Calls that are refused. A token that is not good is sent seldom: sixty in a minute shut the address out. */
export const refused = ({ unlinked }: Stage, { call }: Caller): Promise<unknown> =>
  pick([
    () => call(Privacy.getPrivacySettings, { instance: 'nobody' }),
    () => call(Privacy.getPrivacySettings, { instance: unlinked }),
    () => call(Privacy.updatePrivacySettings, { instance: 'No Name', visibility: {} }),
    () => call(Instances.createInstance, { name: unlinked }),
  ])();
export const guess = (_: Stage, { call }: Caller): Promise<unknown> =>
  call(Instances.listInstances, {}, { metadata: bearer('wap_guess') });

/** Begins to link and goes away once there is a code. */
export const linkAndLeave = ({ unlinked: name }: Stage, client: Caller): Promise<unknown> =>
  take(client.stream(Instances.linkInstance, { instance: name, method: { $case: 'qr', value: {} } }), 1);

export async function makeAndDelete(_: Stage, { call }: Caller): Promise<void> {
  const { instance } = await call(Instances.createInstance, {});
  await call(Instances.deleteInstance, { instance: instance?.name ?? '' });
}

/** Reads so many messages of a stream, then leaves it. */
async function take(stream: AsyncIterable<unknown>, count: number): Promise<void> {
  let taken = 0;
  for await (const _ of stream) if (++taken >= count) return;
}
