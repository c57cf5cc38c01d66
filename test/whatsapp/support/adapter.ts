import type { LinkCode, LinkMethod, Session, WhatsApp } from '../../../src/instances/account/ports.js';
import { type Behaviour, type Phone, startSimulator } from '../../../src/simulator/index.js';
import { type Timeouts, whatsApp } from '../../../src/whatsapp/index.js';
import { memoryCredentials } from '../../support/memory-credentials.js';

/** The instance all these tests are about. */
export const DESK = 'desk';

/** A signal that never aborts. */
export const never = () => new AbortController().signal;

/** The adapter with a store in memory and what it told the operator. */
export function adapterTo(server: { url: string; rootKey: string }, timeouts: Partial<Timeouts> = {}) {
  const credentials = memoryCredentials();
  const refused: string[] = [];
  const faults: string[] = [];
  const adapter = whatsApp({
    url: server.url,
    rootKey: server.rootKey,
    credentials,
    log: {
      stanzaRefused: ({ stanza }) => refused.push(stanza),
      taskFailed: ({ task }) => faults.push(task),
    },
    timeouts: { queryMs: 5_000, ...timeouts },
  });
  return { ...adapter, credentials, refused, faults };
}

/** A simulated WhatsApp with one phone, and the adapter to it. Disposing of it ends everything. */
export async function startAdapter(
  options: { timeouts?: Partial<Timeouts>; behaviour?: Partial<Behaviour> } = {},
) {
  const simulator = await startSimulator({ behaviour: { refresh: 'never', ...options.behaviour } });
  const phone = simulator.addPhone({ phoneNumber: '+15550100001' });
  const adapter = adapterTo(simulator, options.timeouts);
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
    async session(onPrivacyPush = () => {}): Promise<Session> {
      const result = await connect(DESK, { signal: never(), onPrivacyPush });
      if (result.kind === 'failed') throw new Error(result.disconnect.text);
      return result.session;
    },
    /** Links the instance to the phone, and connects it. */
    async linkedSession(onPrivacyPush = () => {}): Promise<Session> {
      await linkTo(adapter, phone);
      return this.session(onPrivacyPush);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(sessions.map(session => session.close()));
      await simulator.stop();
    },
  };
}

/** Links the instance to a phone that uses the first code it is shown. */
export async function linkTo(adapter: WhatsApp, phone: Phone): Promise<void> {
  const { result } = linking(adapter, { onCode: code => void phone.scan(code.code) });
  const { kind } = await result;
  if (kind !== 'linked') throw new Error(`not linked: ${kind}`);
}

/** Begins to link and collects the codes. */
export function linking(
  adapter: WhatsApp,
  options: {
    method?: LinkMethod;
    expectedPhoneNumber?: string;
    signal?: AbortSignal;
    onCode?: (code: LinkCode) => void;
  } = {},
) {
  const codes: LinkCode[] = [];
  const { method = { kind: 'qr' }, signal = never(), expectedPhoneNumber } = options;
  const result = adapter.link(DESK, method, {
    signal,
    expectedPhoneNumber,
    onCode(code) {
      codes.push(code);
      options.onCode?.(code);
    },
  });
  return { result, codes };
}
