import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  copyOf,
  instanceName,
  linkTemplate,
  writeDataFolder,
  writeSimulatorState,
} from '../../bench/stage/seed.js';
import { ErrorInfo } from '../../gen/ts/google/rpc/error_details.js';
import {
  PrivacyUpdateFailure,
  SettingOutcome_State as State,
} from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  type ApplyPrivacySettingsResponse,
  Origin,
  PrivacyServiceService as Privacy,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  CallAddPermission,
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
import { bearer, CallError, type Caller, caller, OWN_CONNECTION } from '../support/call.js';
import { type Service, startService } from '../support/service.js';

const SIZE = 200;
/** Streams of one token, of which the service takes no more. */
const STREAMS = 40;
const PATIENCE_MS = 600_000;

type Desk = { readonly instance: string; readonly phone: Phone };

let service: Service;
let folder: string;
let secrets: string[];
let desks: Desk[];

/** One phone is linked for real; the others, and what is stored of them, are its copies. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wa-privacy-fleet-'));
  const template = await linkTemplate(folder);
  const stateFile = join(folder, 'simulator.json');
  writeSimulatorState(template, SIZE, stateFile);
  const identities = Array.from({ length: SIZE }, (_, index) => copyOf(template, index));
  service = await startService({
    simulator: { stateFile },
    prepare: dataDir => writeDataFolder(dataDir, identities),
  });
  desks = service.simulator.phones().map((phone, index) => ({ instance: instanceName(index), phone }));
  const wish = { kind: Kind.ACCOUNT, access: Access.READ_WRITE };
  secrets = [];
  for (let streams = 0; streams < SIZE; streams += STREAMS)
    secrets.push((await service.client.call(Tokens.createToken, wish)).secret);
}, PATIENCE_MS);
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
}, PATIENCE_MS);

/** After the third cut nothing more is sent; where the read-back of one comes too late, on a busy machine, it is UNKNOWN. */
const CUT_OFF = 'the connection ends before a change, again and again';
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
    states: [State.APPLIED, State.UNKNOWN],
  },
  [CUT_OFF]: {
    make: phone => onSet(phone, 'groupadd', { do: 'close', moment: 'before_apply' }, 3),
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

/** Breaks every tenth, each way as often; the others are well. */
function breakSome(): Map<string, keyof typeof FAULTS> {
  const ways = Object.keys(FAULTS);
  const broken = desks.filter((_, index) => index % 10 === 0);
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
  /** Those that were away for a while: what changed meanwhile is told by a snapshot. */
  const returned = new Set<string>();
  const failures: unknown[] = [];
  const listen = async () => {
    const options = { metadata: bearer(secret), signal };
    for await (const { instance, event } of client.stream(Privacy.watchPrivacySettings, {}, options)) {
      if (event?.$case === 'snapshot') {
        if (settings.has(instance)) returned.add(instance);
        settings.set(instance, event.value);
      }
      if (event?.$case === 'unavailable') settings.set(instance, undefined);
      if (event?.$case !== 'change') continue;
      settings.set(instance, event.value.settings);
      for (const setting of event.value.changed)
        changes.add(`${instance} ${Origin[event.value.origin]} ${PrivacySetting[setting]}`);
    }
  };
  void listen().catch((error: unknown) => failures.push(error));
  return { settings, changes, returned, failures };
}

/** The wire value of an enum number. */
const nameIn = (members: Readonly<Record<number, string>>, number = 0) => members[number]?.toLowerCase();

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
        const told = end.outcomes.map(({ state }) =>
          way === CUT_OFF && state === State.UNKNOWN ? State.FAILED : state,
        );
        expect({ way, reason: end.reason, states: told }).toEqual({ way, reason, states });
        const asked = { last: 'none', groupadd: 'contacts' };
        for (const [index, [category, value]] of Object.entries(asked).entries())
          expect(phone.settings()[category] === value, `${instance}: ${category}`).toBe(
            end.outcomes[index]?.state === State.APPLIED,
          );
      }

      const made = desks.flatMap(({ instance }) =>
        endOf(ends.get(instance) as ApplyPrivacySettingsResponse)
          .outcomes.filter(({ state }) => state === State.APPLIED)
          .map(({ setting }) => ({
            instance,
            change: `${instance} THIS_SERVICE ${PrivacySetting[setting]}`,
          })),
      );
      const missing = (expected: typeof made) =>
        watchers.flatMap(({ changes, returned }) =>
          expected.filter(({ instance, change }) => !changes.has(change) && !returned.has(instance)),
        );
      await expect.poll(() => missing(made), patience).toEqual([]);

      // And what the phones of all that are connected change.
      const well = desks.filter(({ instance }) => !broken.has(instance));
      for (const { phone } of well) phone.setPrivacy('calladd', 'known');
      const foreign = well.map(({ instance }) => ({
        instance,
        change: `${instance} OTHER_DEVICE CALL_ADD`,
      }));
      await expect.poll(() => missing(foreign), patience).toEqual([]);
      const isCurrent = ({ instance, phone }: Desk) =>
        watchers.every(({ settings }) => {
          const { visibility, permissions } = settings.get(instance) ?? {};
          const { last, groupadd, calladd } = phone.settings();
          return (
            nameIn(LastSeenVisibility, visibility?.lastSeen) === last &&
            nameIn(GroupAddPermission, permissions?.groupAdd) === groupadd &&
            nameIn(CallAddPermission, permissions?.callAdd) === calladd
          );
        });
      await expect.poll(() => well.filter(desk => !isCurrent(desk)), patience).toEqual([]);
      expect(watchers.flatMap(({ failures }) => failures)).toEqual([]);
      over.abort();
      for (const client of clients) client.close();
    },
    PATIENCE_MS,
  );
});
