import type { Disconnect } from '../../../src/domain/disconnect.js';
import type { ConnectionState } from '../../../src/instances/connecting/connection-state.js';
import { type Dialer, dialer } from '../../../src/instances/connecting/dialer.js';
import { type Supervisor, supervise } from '../../../src/instances/connecting/supervisor.js';
import type { Session, WhatsApp } from '../../../src/instances/ports/ports.js';
import { DRAINED } from './drained.js';

/** What WhatsApp does with a dial. */
export type Verdict = 'open' | Disconnect;

/** One dial that arrived. */
export type Dial = { readonly instance: string; readonly at: number };

/** Ends a session from WhatsApp's side. */
type Drop = (disconnect: Disconnect) => void;

/**
 * WhatsApp as the port has it, in the test's time, with the dials of one node in front. `verdict` may be set while it
 * runs. `room` is what the dials wait for; by default nothing.
 */
export function fakeNode(
  initial: (dial: Dial) => Verdict,
  latencyMs = 0,
  room: () => Promise<void> = async () => undefined,
) {
  const made: Dial[] = [];
  const live = new Map<string, Drop>();
  const faults: unknown[] = [];
  const log = { taskFailed: ({ cause }: { cause: unknown }) => faults.push(cause) };
  const node = { verdict: initial, made, live, faults, log, dialer: undefined as unknown as Dialer };

  const connect: WhatsApp['connect'] = async instance => {
    const dial = { instance, at: Date.now() };
    made.push(dial);
    if (latencyMs > 0) await new Promise(resolve => setTimeout(resolve, latencyMs));
    const verdict = node.verdict(dial);
    if (verdict !== 'open') return { kind: 'failed', disconnect: verdict };
    const ended = Promise.withResolvers<Disconnect>();
    const end: Drop = disconnect => {
      live.delete(instance);
      ended.resolve(disconnect);
    };
    live.set(instance, end);
    return { kind: 'open', session: sessionOf(ended.promise, end) };
  };
  const link: WhatsApp['link'] = async () => ({ kind: 'cancelled' });
  node.dialer = dialer({ connect, link }, log, undefined, room);
  return node;
}

/** A session that only lives and ends. */
const sessionOf = (ended: Promise<Disconnect>, end: Drop): Session => ({
  ended,
  offlineQueue: DRAINED,
  forgetTimer: () => {},
  tellPresence: async () => true,
  readPrivacy: async () => ({ kind: 'no_answer', cause: 'timeout' }),
  setPrivacy: async () => ({ kind: 'no_answer', cause: 'timeout' }),
  readContactList: async () => ({ kind: 'no_answer', cause: 'timeout' }),
  changeContactList: async () => ({ kind: 'no_answer', cause: 'timeout' }),
  lookUpsFor: () => 0,
  findContacts: async () => ({ kind: 'no_answer', cause: 'timeout' }),
  logout: async () => ({ kind: 'confirmed' }),
  close: async () => end({ code: undefined, text: 'closed' }),
});

/** A supervised instance and the states it went through. */
export type Supervised = Supervisor & { readonly lives: readonly ConnectionState[] };

/** Supervises an instance of the node, from `connecting` on. */
export function superviseOn(
  { dialer, log }: Pick<ReturnType<typeof fakeNode>, 'dialer' | 'log'>,
  instance = 'desk',
  initial: ConnectionState = { state: 'connecting' },
): Supervised {
  const lives: ConnectionState[] = [initial];
  const supervisor = supervise({ instance, dialer, initial, log });
  supervisor.begin({ onConnection: life => lives.push(life), onPrivacyPush: () => undefined });
  return Object.defineProperty(supervisor, 'lives', { value: lives }) as Supervised;
}
