import type { PasskeyStep, PasskeyWishes } from '../../../src/instances/ports/passkey-steps.js';
import type { LinkCode, LinkMethod, Session, WhatsApp } from '../../../src/instances/ports/ports.js';
import { type Behaviour, type Phone, type Simulator, startSimulator } from '../../../src/simulator/index.js';
import { type Timeouts, whatsApp } from '../../../src/whatsapp/index.js';
import { linkDevice } from '../../support/link.js';
import { memoryCredentials } from '../../support/memory-credentials.js';
import { worldCopies } from '../../support/world-copies.js';

/** The instance all these tests are about. */
export const DESK = 'desk';
const PHONE_NUMBER = '15550100001';

/** A signal that never aborts. */
export const never = () => new AbortController().signal;

/** The adapter with a store in memory and what it told the operator. */
export function adapterTo(
  server: { url: string; rootKey: string },
  timeouts: Partial<Timeouts> = {},
  pushTrustMs?: number,
) {
  const credentials = memoryCredentials();
  const refused: string[] = [];
  const faults: string[] = [];
  const dropped: number[] = [];
  const owed: { stanza: string; id: string | undefined }[] = [];
  const stalled: { stanza: string | undefined; id: string | undefined }[] = [];
  const adapter = whatsApp({
    url: server.url,
    rootKey: server.rootKey,
    credentials,
    log: {
      stanzaRefused: ({ stanza }) => refused.push(stanza),
      frameDropped: ({ bytes }) => dropped.push(bytes),
      stanzaOwed: ({ stanza, id }) => owed.push({ stanza, id }),
      queueStalled: ({ stanza, id }) => stalled.push({ stanza, id }),
      taskFailed: ({ task }) => faults.push(task),
    },
    timeouts: { queryMs: 5_000, ...timeouts },
    pushTrustMs,
  });
  return { ...adapter, credentials, refused, faults, dropped, owed, stalled };
}

type DeskOptions = {
  timeouts?: Partial<Timeouts>;
  behaviour?: Partial<Behaviour>;
  rootPrivateKey?: string;
  pushTrustMs?: number;
};

/** A simulated WhatsApp with one phone, and the adapter to it. Disposing of it ends everything. */
export async function startAdapter({ timeouts, behaviour, rootPrivateKey }: DeskOptions = {}) {
  const simulator = await startSimulator({
    behaviour: { refresh: 'never', preKeys: 'not_asked', ...behaviour },
    ...(rootPrivateKey !== undefined && { rootPrivateKey }),
  });
  return deskOn(simulator, simulator.addPhone({ phoneNumber: PHONE_NUMBER }), timeouts);
}

/** The same, with the instance linked to the phone. It has logged in before, which uploads keys the first time. */
export async function startLinked({ timeouts, behaviour, pushTrustMs }: DeskOptions = {}) {
  linkedOnce ??= worldCopies(linkOnce, { refresh: 'never' });
  const { left, start } = await linkedOnce;
  const simulator = await start({ behaviour: { refresh: 'never', ...behaviour } });
  const phone = simulator.phone(PHONE_NUMBER);
  if (!phone) throw new Error('no phone in the copy');
  const desk = deskOn(simulator, phone, timeouts, pushTrustMs);
  for (const [instance, bytes] of left.credentials) desk.credentials.credentials.set(instance, bytes);
  for (const [id, bytes] of left.keys) desk.credentials.keys.set(id, bytes);
  return desk;
}

/** Of all tests in this process. */
let linkedOnce: ReturnType<typeof worldCopies<ReturnType<typeof memoryCredentials>>> | undefined;

async function linkOnce(simulator: Simulator) {
  const phone = simulator.addPhone({ phoneNumber: PHONE_NUMBER });
  const desk = deskOn(simulator, phone);
  await linkDevice(desk, DESK, phone);
  await (await desk.session()).close();
  return desk.credentials;
}

function deskOn(simulator: Simulator, phone: Phone, timeouts?: Partial<Timeouts>, pushTrustMs?: number) {
  const adapter = adapterTo(simulator, timeouts, pushTrustMs);
  const sessions: Session[] = [];

  const connect: WhatsApp['connect'] = async (instance, callbacks) => {
    const result = await adapter.connect(instance, callbacks);
    if (result.kind === 'open') sessions.push(result.session);
    return result;
  };

  return {
    ...adapter,
    simulator,
    phone,
    connect,
    /** Connects the linked instance. */
    async session(onPrivacyPush = () => {}, mayAsk = () => true): Promise<Session> {
      const result = await connect(DESK, { signal: never(), onPrivacyPush, mayAsk });
      if (result.kind === 'failed') throw new Error(result.disconnect.text);
      return result.session;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(sessions.map(session => session.close()));
      await simulator.stop();
    },
  };
}

/** Begins to link and collects the codes, and the steps with a passkey. */
export function linking(
  adapter: WhatsApp,
  options: {
    method?: LinkMethod;
    proxy?: string;
    expectedPhoneNumber?: string;
    signal?: AbortSignal;
    onCode?: (code: LinkCode) => void;
    /** The wishes of a caller who can answer for a passkey. */
    passkey?: PasskeyWishes;
  } = {},
) {
  const codes: LinkCode[] = [];
  const steps: PasskeyStep[] = [];
  const { method = { kind: 'qr' }, signal = never(), expectedPhoneNumber } = options;
  const result = adapter.link(DESK, method, {
    proxy: options.proxy,
    signal,
    expectedPhoneNumber,
    passkey: options.passkey && { ...options.passkey, onStep: step => steps.push(step) },
    onCode(code) {
      codes.push(code);
      options.onCode?.(code);
    },
  });
  return { result, codes, steps };
}
