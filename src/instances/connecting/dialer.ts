import PQueue from 'p-queue';
import { type Disconnect, holdOf } from '../../domain/disconnect.js';
import { PrivacyError } from '../../domain/errors.js';
import type { InstanceLog, WhatsApp } from '../ports/ports.js';
import { type Breaker, type Hold, breaker as newBreaker } from './breaker.js';
import { refusal } from './refusal.js';
import { spareTime } from './spare-time.js';

/**
 * Connections being made at the same time: few at first and after WhatsApp had something against all of them, one more
 * with each that it accepts. Each waits some seven times for an answer, so that far from WhatsApp their number is the pace.
 */
const SIMULTANEOUS = { least: 4, most: 64 };

/** What a dial brought; `held` when none was made. */
export type Dialled = Awaited<ReturnType<WhatsApp['connect']>> | { readonly kind: 'held' };

/** All connections that a node makes to WhatsApp. */
export interface Dialer {
  /** Why none may be made now. */
  hold(): Hold | undefined;
  /** Connects an instance in its turn; before that the signal takes it out of the queue. Never rejects. */
  connect(...call: Parameters<WhatsApp['connect']>): Promise<Dialled>;
  /**
   * Links as the port says.
   *
   * @throws PrivacyError WHATSAPP_… when none may be made now
   */
  readonly link: WhatsApp['link'];
}

/**
 * The dials of a node: one place for their pace and for what WhatsApp has against all of them.
 *
 * @param from No instance is connected before.
 */
export function dialer(
  whatsApp: Pick<WhatsApp, 'connect' | 'link'>,
  log: Pick<InstanceLog, 'taskFailed'>,
  breaker: Breaker = newBreaker(),
  room: () => Promise<void> = spareTime(),
  from: Promise<void> = Promise.resolve(),
): Dialer {
  // Not with PQueue's own interval, which stands still for as long as the clock was set back.
  const queue = new PQueue({ concurrency: SIMULTANEOUS.least });

  function accepted() {
    queue.concurrency = Math.min(queue.concurrency + 1, SIMULTANEOUS.most);
    breaker.accepted();
  }

  function failed(disconnect: Disconnect) {
    if (holdOf(disconnect)) queue.concurrency = SIMULTANEOUS.least;
    breaker.failed(disconnect);
  }

  async function connect(...[instance, options]: Parameters<WhatsApp['connect']>): Promise<Dialled> {
    try {
      const result = await whatsApp.connect(instance, options);
      if (result.kind === 'failed') {
        failed(result.disconnect);
      } else {
        accepted();
        // Before anybody else hears of the end, so that nobody dials between.
        void result.session.ended.then(failed);
      }
      return result;
    } catch (cause) {
      log.taskFailed({ task: 'connecting', instance, cause });
      return { kind: 'failed', disconnect: OWN_FAULT };
    }
  }

  return {
    hold: breaker.hold,

    async connect(instance, options) {
      if (breaker.hold()) return { kind: 'held' };
      const told = breaker.dialling();
      const dialling = told instanceof Promise ? await told : told;
      if (dialling === 'held') return { kind: 'held' };
      const { signal } = options;
      const waiting = new AbortController();
      const leave = () => waiting.abort();
      signal.addEventListener('abort', leave);
      const dial = async (): Promise<Dialled> => {
        signal.removeEventListener('abort', leave);
        await from;
        await room();
        if (signal.aborted) return CANCELLED;
        return dialling !== 'probe' && breaker.hold() ? { kind: 'held' } : connect(instance, options);
      };
      return queue.add(dial, { signal: waiting.signal }).catch(() => CANCELLED);
    },

    async link(instance, method, options) {
      const refuseHeld = () => {
        const hold = breaker.hold();
        if (hold) throw new PrivacyError(refusal(instance, hold.cause, hold));
      };
      refuseHeld();
      if ((await breaker.dialling()) === 'held') refuseHeld();
      const result = await whatsApp.link(instance, method, options);
      if (result.kind === 'linked') breaker.accepted();
      if (result.kind === 'disconnected') breaker.failed(result.disconnect);
      return result;
    },
  };
}

/** Nothing that WhatsApp did. */
export const OWN_FAULT: Disconnect = {
  code: undefined,
  text: 'A fault of this service kept it from connecting',
};
const CANCELLED: Dialled = { kind: 'failed', disconnect: { code: undefined, text: 'Cancelled' } };
