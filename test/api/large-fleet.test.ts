import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ErrorInfo } from '../../gen/ts/google/rpc/error_details.js';
import {
  PrivacyUpdateFailure,
  SettingOutcome_State as State,
} from '../../gen/ts/whatsapp/privacy/v1/error_details.js';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  type ApplyPrivacySettingsResponse,
  Origin,
  PrivacyServiceService as Privacy,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  GroupAddPermission,
  LastSeenVisibility,
  PrivacySetting,
  type PrivacySettings,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import {
  Token_Access as Access,
  Token_Kind as Kind,
  TokenServiceService as Tokens,
} from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import type { Phone } from '../../src/simulator/index.js';
import { bearer, CallError, type Caller, caller } from '../support/call.js';
import { link, type Service, startService } from '../support/service.js';

/** Each costs a quarter of a second of processor time to link: a few by default, all of them with FLEET=200. */
const SIZE = Number(process.env['FLEET'] ?? 24);
/** CreateInstance takes so many calls a minute of one token. */
const CREATES = 20;
/** Streams on one connection, of which the service takes 100. */
const STREAMS = 50;
/** Otherwise all clients of a process share one. */
const OWN_CONNECTION = { 'grpc.use_local_subchannel_pool': 1 };
const PATIENCE_MS = 600_000;

type Desk = { readonly instance: string; readonly phone: Phone };

let service: Service;
let secrets: string[];
let desks: Desk[];

beforeAll(async () => {
  service = await startService();
  const wish = { kind: Kind.ACCOUNT, access: Access.READ_WRITE };
  secrets = [];
  for (let made = 0; made < SIZE; made += CREATES)
    secrets.push((await service.client.call(Tokens.createToken, wish)).secret);
  desks = Array.from({ length: SIZE }, (_, index) => ({
    instance: `desk-${String(index).padStart(4, '0')}`,
    phone: service.simulator.addPhone({ phoneNumber: `1555020${String(index).padStart(4, '0')}` }),
  }));
  const waiting = [...desks.entries()];
  const linkNext = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, { instance, phone }] = next;
      const metadata = bearer(secrets[Math.floor(index / CREATES)] ?? '');
      await service.client.call(Instances.createInstance, { name: instance }, { metadata });
      await link(service.client, instance, phone);
    }
  };
  await Promise.all(Array.from({ length: 8 }, linkNext));
}, PATIENCE_MS);
afterAll(() => service[Symbol.asyncDispose](), PATIENCE_MS);

const CUT_OFF = 'the connection ends before a change';
const LOGGED_OUT = 'the phone ended the link';
const NO_CONNECTION = 'it cannot connect';

/** Ways in which an instance can fail, what WhatsApp or the phone does, and what the update of it then ends with. */
const FAULTS: Record<string, { make: (phone: Phone) => void; reason: string; states: State[] }> = {
  'a setting is refused': {
    make: phone => onSet(phone, 'last', { do: 'refuse_category', code: 403, text: 'forbidden' }),
    reason: 'PARTIAL_UPDATE',
    states: [State.FAILED, State.APPLIED],
  },
  'every setting is refused': {
    make: phone => {
      for (const category of ['last', 'groupadd'])
        onSet(phone, category, { do: 'refuse', code: 403, text: 'forbidden' });
    },
    reason: 'WHATSAPP_REJECTED',
    states: [State.FAILED, State.FAILED],
  },
  'a change gets no answer': {
    make: phone => onSet(phone, 'groupadd', { do: 'silence', moment: 'before_apply' }),
    reason: 'PARTIAL_UPDATE',
    states: [State.APPLIED, State.FAILED],
  },
  [CUT_OFF]: {
    make: phone => onSet(phone, 'groupadd', { do: 'close', moment: 'before_apply' }, 1),
    reason: 'PARTIAL_UPDATE',
    states: [State.APPLIED, State.FAILED],
  },
  'a change is confirmed and not made': {
    make: phone => onSet(phone, 'last', { do: 'lie', lie: 'confirm', applied: false }),
    reason: 'PARTIAL_UPDATE',
    states: [State.FAILED, State.APPLIED],
  },
  [LOGGED_OUT]: {
    make: phone => void phone.removeDevice(phone.devices()[0]?.device ?? 0),
    reason: 'INSTANCE_LOGGED_OUT',
    states: [State.NOT_ATTEMPTED, State.NOT_ATTEMPTED],
  },
  'WhatsApp limits the account': {
    make: phone => {
      for (const category of ['last', 'groupadd'])
        onSet(phone, category, { do: 'refuse', code: 429, text: 'rate-overlimit' });
    },
    reason: 'WHATSAPP_RATE_LIMITED',
    states: [State.FAILED, State.FAILED],
  },
  'Strict Account Settings are on': {
    make: phone => phone.setPrivacy('defense', 'on_standard'),
    reason: 'SETTING_LOCKED',
    states: [State.NOT_ATTEMPTED, State.NOT_ATTEMPTED],
  },
  'a setting is not reported': {
    make: phone => {
      phone.removeCategory('groupadd');
      phone.setPrivacy('status', 'contacts'); // Which makes what was read before outdated.
    },
    reason: 'SETTING_NOT_AVAILABLE',
    states: [State.NOT_ATTEMPTED, State.NOT_ATTEMPTED],
  },
  [NO_CONNECTION]: {
    make: phone => {
      const { phoneNumber } = phone;
      service.simulator.inject({
        match: { on: 'login', phoneNumber },
        effect: { do: 'close' },
        times: Number.POSITIVE_INFINITY,
      });
      phone.dropConnections('close');
    },
    reason: 'INSTANCE_NOT_CONNECTED',
    states: [State.NOT_ATTEMPTED, State.NOT_ATTEMPTED],
  },
};

const onSet = (
  { phoneNumber }: Phone,
  category: string,
  effect: Parameters<Service['simulator']['inject']>[0]['effect'],
  times = Number.POSITIVE_INFINITY,
) => void service.simulator.inject({ match: { on: 'privacy_set', category, phoneNumber }, effect, times });

/** One in ten of 200, and all ways; the others are well. */
function breakSome(): Map<string, keyof typeof FAULTS> {
  const ways = Object.keys(FAULTS);
  const count = Math.max(ways.length, SIZE / 10);
  const step = Math.floor(SIZE / count);
  const broken = desks.filter((_, index) => index % step === 0).slice(0, count);
  return new Map(
    broken.map(({ instance, phone }, index) => {
      const way = ways[index % ways.length] ?? '';
      FAULTS[way]?.make(phone);
      return [instance, way];
    }),
  );
}

/** Watches all instances, and keeps what there is to know of them. */
function watchAll(client: Caller, secret: string, signal: AbortSignal) {
  const settings = new Map<string, PrivacySettings | undefined>();
  /** What changed, as `desk-0001 THIS_SERVICE LAST_SEEN`. */
  const changes = new Set<string>();
  const failures: unknown[] = [];
  const listen = async () => {
    const options = { metadata: bearer(secret), signal };
    for await (const { instance, event } of client.stream(Privacy.watchPrivacySettings, {}, options)) {
      if (event?.$case === 'snapshot') settings.set(instance, event.value);
      if (event?.$case === 'unavailable') settings.set(instance, undefined);
      if (event?.$case !== 'change') continue;
      settings.set(instance, event.value.settings);
      for (const setting of event.value.changed)
        changes.add(`${instance} ${Origin[event.value.origin]} ${PrivacySetting[setting]}`);
    }
  };
  void listen().catch((error: unknown) => failures.push(error));
  return { settings, changes, failures };
}

/** How an instance ended. */
function endOf({ result }: ApplyPrivacySettingsResponse) {
  if (result?.$case !== 'error') return { reason: undefined, outcomes: result?.value.outcomes ?? [] };
  const read = <T>(name: string, type: { decode(bytes: Uint8Array): T }) => {
    const found = result.value.details.find(({ typeUrl }) => typeUrl.endsWith(`/${name}`));
    return found && type.decode(found.value);
  };
  return {
    reason: read('google.rpc.ErrorInfo', ErrorInfo)?.reason,
    outcomes: read('whatsapp.privacy.v1.PrivacyUpdateFailure', PrivacyUpdateFailure)?.outcomes ?? [],
  };
}

describe(`${SIZE} linked instances`, () => {
  test(
    'end one update as each of them really did, and as many watchers see every change',
    async () => {
      const over = new AbortController();
      const clients = Array.from({ length: Math.ceil(SIZE / STREAMS) }, () =>
        caller(service.address, secrets[0] ?? '', OWN_CONNECTION),
      );
      const watchers = desks.map((_, index) => {
        const client = clients[Math.floor(index / STREAMS)] ?? service.client;
        return watchAll(client, secrets[index % secrets.length] ?? '', over.signal);
      });
      const patience = { timeout: PATIENCE_MS, interval: 250 };
      await expect.poll(() => watchers.every(({ settings }) => settings.size === SIZE), patience).toBe(true);

      const broken = breakSome();
      const gone = [...broken].filter(([, way]) => way === LOGGED_OUT || way === NO_CONNECTION);
      const isGone = (instance: string) =>
        watchers.every(({ settings }) => settings.get(instance) === undefined);
      await expect.poll(() => gone.every(([instance]) => isGone(instance)), patience).toBe(true);

      const ends = new Map<string, ApplyPrivacySettingsResponse>();
      const failure = await (async () => {
        const stream = service.client.stream(Privacy.applyPrivacySettings, {
          instances: desks.map(({ instance }) => instance),
          visibility: { lastSeen: LastSeenVisibility.NONE },
          permissions: { groupAdd: GroupAddPermission.CONTACTS },
        });
        for await (const end of stream) ends.set(end.instance, end);
        return undefined;
      })().catch((error: unknown) => error as CallError);

      expect(failure).toBeInstanceOf(CallError);
      expect(failure?.reason).toBe('PARTIAL_UPDATE');
      const failedIndexes = [...desks.keys()].filter(index => broken.has(desks[index]?.instance ?? ''));
      expect(failure?.details['whatsapp.privacy.v1.PrivacyApplyFailure']).toEqual({
        succeededCount: SIZE - broken.size,
        failedCount: broken.size,
        failedIndexes,
      });
      for (const { instance, phone } of desks) {
        const way = broken.get(instance);
        const { reason, states = [State.APPLIED, State.APPLIED] } = FAULTS[way ?? ''] ?? {};
        const end = endOf(ends.get(instance) as ApplyPrivacySettingsResponse);
        expect({ way, reason: end.reason, states: end.outcomes.map(({ state }) => state) }).toEqual({
          way,
          reason,
          states,
        });
        const asked = { last: 'none', groupadd: 'contacts' };
        for (const [index, [category, value]] of Object.entries(asked).entries())
          expect(phone.settings()[category] === value, `${instance}: ${category}`).toBe(
            end.outcomes[index]?.state === State.APPLIED,
          );
      }

      // An instance that lost its connection is shown by a snapshot when it is back.
      const stayed = desks.filter(({ instance }) => broken.get(instance) !== CUT_OFF);
      const made = stayed.flatMap(({ instance }) =>
        endOf(ends.get(instance) as ApplyPrivacySettingsResponse)
          .outcomes.filter(({ state }) => state === State.APPLIED)
          .map(({ setting }) => `${instance} THIS_SERVICE ${PrivacySetting[setting]}`),
      );
      const missing = (expected: readonly string[]) =>
        watchers.flatMap(({ changes }) => expected.filter(change => !changes.has(change)));
      await expect.poll(() => missing(made), patience).toEqual([]);
      const hidden = (instance: string) =>
        watchers.every(
          ({ settings }) => settings.get(instance)?.visibility?.lastSeen === LastSeenVisibility.NONE,
        );
      const cutOff = desks.filter(({ instance }) => broken.get(instance) === CUT_OFF);
      await expect.poll(() => cutOff.every(({ instance }) => hidden(instance)), patience).toBe(true);

      // And what the phones of all that are connected change.
      const well = desks.filter(({ instance }) => !broken.has(instance));
      for (const { phone } of well) phone.setPrivacy('calladd', 'known');
      const foreign = well.map(({ instance }) => `${instance} OTHER_DEVICE CALL_ADD`);
      await expect.poll(() => missing(foreign), patience).toEqual([]);
      expect(watchers.flatMap(({ failures }) => failures)).toEqual([]);
      over.abort();
      for (const client of clients) client.close();
    },
    PATIENCE_MS,
  );
});
