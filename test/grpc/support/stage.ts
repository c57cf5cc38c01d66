import { vi } from 'vitest';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  Token_Access as Access,
  Token_Kind as Kind,
  TokenServiceService as Tokens,
} from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import type { Effect, NewAccount } from '../../../src/simulator/index.js';
import { bearer } from '../../support/call.js';
import { type Desk, PATIENCE, reconnect, streamError, viewIn, viewOnce } from '../../support/desk.js';
import { link } from '../../support/link.js';
import { ACCOUNT_TOKEN, type Service, startService } from '../../support/service.js';
import { type CallOptions, type Ended, invoke } from './invoke.js';
import { type AnyMethod, METHODS, shortName } from './methods.js';
import { CONTACT, type Row, rowOf } from './rows.js';

/** A method under test: what calls it, and its row. */
export type Subject = Row & { readonly name: string; readonly method: AnyMethod };

export const subjectOf = (name: string): Subject => {
  const method = METHODS.find(one => shortName(one) === name);
  if (!method) throw new Error(`no method ${name}`);
  return { name, method, ...rowOf(method) };
};

/** What can be the matter with a linked instance. */
type Condition = {
  readonly account?: Partial<NewAccount>;
  make?(service: Service, desk: Desk): Promise<unknown>;
};

/** WhatsApp does this with every question about the privacy of the account, and nothing is known from before. */
const answering = (effect: Effect): Condition => ({
  async make(service, desk) {
    const { simulator } = service;
    const { phoneNumber } = desk.phone;
    simulator.inject({ match: { on: 'iq', xmlns: 'privacy', phoneNumber }, effect, times: Infinity });
    const { lastConnectTime: before } = await viewIn(service, desk, 'CONNECTED');
    desk.phone.streamError(515);
    await viewOnce(service, desk, ({ lastConnectTime }) => Number(lastConnectTime) !== Number(before));
    await viewIn(service, desk, 'CONNECTED');
  },
});

/** Nobody listens there. */
export const NO_PROXY = 'http://127.0.0.1:1';

const CONDITIONS = {
  well: {},
  bare: { account: { categories: ['profile', 'readreceipts'] } },
  strict: { account: { settings: { defense: 'on_standard' } } },
  refused: answering({ do: 'refuse', code: 403, text: 'forbidden' }),
  limited: answering({ do: 'refuse', code: 429, text: 'rate-overlimit' }),
  faulty: answering({ do: 'refuse', code: 503, text: 'service-unavailable' }),
  unanswered: answering({ do: 'silence' }),
  loggedOut: {
    async make(service, desk) {
      desk.phone.removeDevice(desk.phone.devices()[0]?.device ?? 0);
      await viewIn(service, desk, 'LOGGED_OUT');
    },
  },
  suspended: {
    async make(service, desk) {
      const { phoneNumber } = desk.phone;
      service.simulator.inject({
        match: { on: 'login', phoneNumber },
        effect: { do: 'failure', reason: 403 },
        times: Infinity,
      });
      desk.phone.streamError(515);
      await viewIn(service, desk, 'SUSPENDED');
    },
  },
  usedElsewhere: {
    async make(service, desk) {
      await streamError(undefined, 'replaced')(service, desk);
      await viewIn(service, desk, 'CONFLICT');
    },
  },
  /** With so long until the next attempt that no call waits for it. */
  cutOff: {
    async make(service, desk) {
      const { phoneNumber } = desk.phone;
      const logins = service.simulator.inject({
        match: { on: 'login', phoneNumber },
        effect: { do: 'close' },
        times: Infinity,
      });
      desk.phone.dropConnections('close');
      await vi.waitFor(async () => {
        await reconnect(service, desk);
        if (logins.hits() < 12) throw new Error('still trying often');
      }, PATIENCE);
      await viewOnce(service, desk, ({ nextAttemptTime }) => nextAttemptTime !== undefined);
    },
  },
  /** The same with a proxy that is not there. */
  behindBadProxy: {
    async make(service, desk) {
      await service.client.call(Instances.updateInstance, { instance: desk.instance, proxy: NO_PROXY });
      await vi.waitFor(async () => {
        await reconnect(service, desk);
        const { nextAttemptTime } = await viewOnce(service, desk, seen => seen.nextAttemptTime !== undefined);
        if (Number(nextAttemptTime) - Date.now() < 60_000) throw new Error('still trying often');
      }, PATIENCE);
    },
  },
} satisfies Record<string, Condition>;

export type ConditionName = keyof typeof CONDITIONS;

/** Brings an error about: calls the method so that it ends with that error. */
export type Provoke = (stage: Stage, subject: Subject) => Promise<Ended<object>>;

/** The production service, a simulated WhatsApp, and instances in every condition; each is made when first asked for. */
export type Stage = Awaited<ReturnType<typeof openStage>>;

export async function openStage() {
  const service = await startService();
  const stingy = await startService({ env: { WA_PRIVACY_RATE_LIMIT_PER_MINUTE: '1' } });
  const callOf =
    ({ client }: Service) =>
    (method: AnyMethod, request: object | Buffer, options?: CallOptions<object>) =>
      invoke({ client: client.client, secret: ACCOUNT_TOKEN }, method, request, options);
  service.simulator.addPerson({ phoneNumber: CONTACT });
  let refused: Service | undefined;
  const made = new Map<ConditionName, Promise<Desk>>();
  let count = 0;

  const newToken = () =>
    service.client.call(Tokens.createToken, { kind: Kind.ACCOUNT, access: Access.READ_WRITE });

  /** With a token of its own: CreateInstance takes 20 calls a minute of each. */
  async function unlinked(): Promise<string> {
    const name = `desk-${++count}`;
    const { secret } = await newToken();
    await service.client.call(Instances.createInstance, { name }, { metadata: bearer(secret) });
    return name;
  }

  /** An instance of its own, for a call that changes it. */
  async function another(name: ConditionName): Promise<Desk> {
    const { account, make }: Condition = CONDITIONS[name];
    const instance = await unlinked();
    const phone = service.simulator.addPhone({ phoneNumber: `1555030${1000 + count}`, ...account });
    await link(service.client, instance, phone);
    await make?.(service, { instance, phone });
    return { instance, phone };
  }

  /** A node whose client WhatsApp refuses. */
  async function refusedNode() {
    refused = await startService();
    const desk = await refused.linked();
    await refused.client.call(Instances.createInstance, { name: 'unlinked' });
    refused.simulator.behaviour.refuseClients = true;
    desk.phone.streamError(515);
    await viewOnce(refused, desk, ({ nextAttemptTime }) => nextAttemptTime !== undefined);
    return { linked: desk.instance, unlinked: 'unlinked', service: refused };
  }
  let refusing: ReturnType<typeof refusedNode> | undefined;
  const outdated = () => (refusing ??= refusedNode());

  return {
    service,
    outdated,
    unlinked,
    another,
    /** The id of a new token. */
    token: async () => (await newToken()).token?.id ?? '',
    /** The instance in a condition that calls leave as it is. */
    instance(name: ConditionName): Promise<Desk> {
      const desk = made.get(name) ?? another(name);
      made.set(name, desk);
      return desk;
    },
    /** Calls a method with the account token, unless told otherwise. */
    call: callOf(service),
    /** Calls the node whose client WhatsApp refuses. */
    callOutdated: async (...call: Parameters<ReturnType<typeof callOf>>) =>
      callOf((await outdated()).service)(...call),
    /** Calls a service that takes one call a minute. */
    callStingy: callOf(stingy),
    async close() {
      await service[Symbol.asyncDispose]();
      await stingy[Symbol.asyncDispose]();
      await refused?.[Symbol.asyncDispose]();
    },
  };
}
