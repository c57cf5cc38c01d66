import type PQueue from 'p-queue';
import type { Presence } from '../../domain/instance.js';
import { LONGEST_TIMER_MS } from '../../domain/longest-timer.js';
import { msSince, wallTime } from '../../domain/time/wall-time.js';
import type { Session } from '../ports/ports.js';

/** How long a pulse shows the account online. */
const PULSE_MS = 5_000;
/** A pulse so near is brought forward to a login: an instance on demand may not be connected when it is due. */
const EARLY_SHARE = 1 / 4;
/** After a login, and so not all of a fleet at once. */
const SOON_MS = 10_000;
/** After a pulse that was cut short. */
const AGAIN_MS = 60 * 60_000;

/** Says for one instance that it is or is not available, as its presence says. */
export interface PresenceKeeper {
  /** There is a session, none any more, or the instance's presence is another one. */
  settle(): void;
}

/** What it has to know of the instance. */
type About = {
  readonly presence: () => Presence;
  readonly session: () => Session | undefined;
  /** When it last told its presence, or was linked. */
  readonly since: () => Date | undefined;
  /** The updates of the instance, between two of which a pulse falls. */
  readonly queue: PQueue;
  /** Keeps the instance connected until this is disposed of. */
  readonly need: () => Disposable;
  readonly told: (time: Date) => void;
};

/**
 * Keeps the presence of an instance.
 *
 * @param random From 0 to 1, exclusive.
 */
export function presenceKeeper(
  { presence, session: live, since, queue, need, told }: About,
  pulseEveryMs: number,
  random: () => number = Math.random,
): PresenceKeeper {
  let timer: NodeJS.Timeout | undefined;
  let settled: { readonly session: Session; readonly presence: Presence } | undefined;

  function pulseIn(ms: number, session: Session) {
    timer = setTimeout(() => void pulse(session), Math.min(ms, LONGEST_TIMER_MS)).unref();
  }

  /** Milliseconds until the next pulse, on a session that is new. */
  function untilPulse(): number {
    const time = since();
    const everyMs = pulseEveryMs * (1 - random() / 10);
    const leftMs = time ? everyMs - msSince(time) : 0;
    return leftMs > everyMs * EARLY_SHARE ? leftMs : SOON_MS * random();
  }

  async function pulse(session: Session): Promise<void> {
    using _ = need();
    const isWhole = await queue.add(() => show(session), { priority: -1 }); // After the updates that wait.
    if (settled?.session !== session || settled.presence !== 'PULSE') return;
    pulseIn(isWhole ? pulseEveryMs * (1 - random() / 10) : AGAIN_MS, session);
  }

  /** Is available for some seconds; an update that comes ends that. False when it was not as long as it should be. */
  async function show(session: Session): Promise<boolean> {
    if (settled?.session !== session || settled.presence !== 'PULSE') return false;
    if (!(await session.tellPresence('available'))) return false;
    const isWhole = await undisturbed(session);
    if (!(await session.tellPresence('unavailable')) || !isWhole) return false;
    told(wallTime());
    return true;
  }

  function undisturbed(session: Session): Promise<boolean> {
    return new Promise(resolve => {
      const over = setTimeout(end, PULSE_MS, true);
      const disturb = () => end(false);
      queue.addEventListener('add', disturb);
      void session.ended.then(disturb);
      function end(isWhole: boolean) {
        clearTimeout(over);
        queue.removeEventListener('add', disturb);
        resolve(isWhole);
      }
    });
  }

  return {
    settle() {
      const session = live();
      const next = session && { session, presence: presence() };
      if (settled?.session === next?.session && settled?.presence === next?.presence) return;
      settled = next;
      clearTimeout(timer);
      if (next?.presence === 'PULSE') pulseIn(untilPulse(), next.session);
      if (next?.presence === 'UNAVAILABLE')
        void next.session.tellPresence('unavailable').then(hasLeft => hasLeft && told(wallTime()));
    },
  };
}
