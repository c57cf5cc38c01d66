import type { Disconnect } from '../../domain/disconnect.js';
import type { Session } from '../account/ports.js';
import { NO_FAILURES, react } from './after-disconnect.js';
import type { Life } from './connection-state.js';
import type { Dials } from './dialer.js';

/** A session that held this long ends a row of failures. */
const STABLE_MS = 30_000;
/** `setTimeout` takes no longer delay; a later moment is reached in steps. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Keeps one instance connected: connects, reacts to each disconnect as the table says, and waits in between. */
export interface Supervisor {
  readonly life: Life;
  /** Connects now, whatever the wait; does nothing while connecting or connected. */
  connect(): void;
  /**
   * Ends a wait that is this instance's own: any for somebody who must know what became of a change, only the first in
   * a row of failures for others, so that they cannot undo the back-off.
   */
  hurry(wait: 'any' | 'first'): void;
  /** Ends the live session the caller's way, not reacting to its end; connects again when that gives false. */
  retire(end: (session: Session) => Promise<boolean>): Promise<boolean>;
  /** Gives the connection up until then, or until told to connect; does nothing unless connected. */
  park(until: Date): void;
  /** Takes the connection away and stops trying; without a state for that the last one stays on record. */
  rest(life?: Life): Promise<void>;
}

/** What a supervisor needs. */
export type SupervisorOptions = {
  readonly instance: string;
  readonly dials: Pick<Dials, 'connect' | 'hold'>;
  readonly initial: Life;
  /** Called after each change of state. */
  readonly onLife: (life: Life) => void;
  readonly onPrivacyPush: () => void;
};

const CONNECTING: Life = { state: 'connecting' };

/** Supervises one instance; connects at once when the initial state is `connecting`. */
export function supervise({
  instance,
  dials,
  initial,
  onLife,
  onPrivacyPush,
}: SupervisorOptions): Supervisor {
  let life = initial;
  let streak = NO_FAILURES;
  let stop = new AbortController();
  let running = Promise.resolve();

  /** While the node may not dial, an instance waits where it would connect. */
  function enter(next: Life) {
    const hold = next.state === 'connecting' ? dials.hold() : undefined;
    life = hold
      ? { state: 'backing_off', reason: hold.cause.text, until: hold.until, over: hold.over }
      : next;
    onLife(life);
  }

  /** Connects, or waits first as the state says, after whatever still runs has ended. */
  function start(next: Life = CONNECTING) {
    stop.abort();
    stop = new AbortController();
    const { signal } = stop;
    enter(next);
    running = running.then(() => run(signal));
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (await due(signal)) {
      const disconnect = await connectOnce(signal);
      if (signal.aborted) return;
      enter(disconnect ? after(disconnect) : CONNECTING);
    }
  }

  /** Waits for the next attempt; false when there is none, or told to stop. */
  async function due(signal: AbortSignal): Promise<boolean> {
    while (life.state !== 'connecting') {
      if (!(await waitedOut(life, signal))) return false;
      enter(CONNECTING);
    }
    return !signal.aborted;
  }

  /** Waits until a state is over; false when it does not end by itself, or told to stop. */
  async function waitedOut(current: Life, signal: AbortSignal): Promise<boolean> {
    if (!('until' in current)) return false;
    const over = current.state === 'backing_off' ? current.over : undefined;
    while (current.until && !signal.aborted) {
      const left = current.until.getTime() - Date.now();
      if (left <= 0 || over?.aborted) return true;
      await sleep(Math.min(left, LONGEST_TIMER_MS), over ? [signal, over] : [signal]);
    }
    return false;
  }

  /** One attempt and the session it gave, until that ends; undefined when there was none, or told to stop. */
  async function connectOnce(signal: AbortSignal): Promise<Disconnect | undefined> {
    const result = await dials.connect(instance, { signal, onPrivacyPush });
    if (result.kind === 'held') return undefined;
    if (result.kind === 'failed') return result.disconnect;
    if (signal.aborted) {
      await result.session.close();
      return undefined;
    }
    const openedAt = Date.now();
    enter({ state: 'connected', session: result.session });
    const disconnect = await result.session.ended;
    if (Date.now() - openedAt >= STABLE_MS) streak = NO_FAILURES;
    return disconnect;
  }

  function after(disconnect: Disconnect): Life {
    const reaction = react(disconnect, streak);
    streak = reaction.streak;
    return reaction.life;
  }

  running = run(stop.signal);
  return {
    get life() {
      return life;
    },
    connect() {
      if (life.state !== 'connecting' && life.state !== 'connected') start();
    },
    hurry(wait) {
      if (life.state !== 'backing_off' || life.over) return;
      if (wait === 'any' || streak.failures === 1) start();
    },
    async retire(end) {
      if (life.state !== 'connected') return false;
      stop.abort();
      const done = await end(life.session);
      if (!done) start();
      return done;
    },
    park(until) {
      if (life.state !== 'connected') return;
      const { session } = life;
      start({ state: 'parked', until });
      void session.close();
    },
    async rest(next) {
      stop.abort();
      const ended = running;
      const session = life.state === 'connected' ? life.session : undefined;
      if (life.state === 'linking') life.end();
      if (next) enter(next);
      await session?.close();
      await ended;
    },
  };
}

/** Resolves after the time or when a signal aborts, whichever comes first. */
function sleep(ms: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(done, ms);
    for (const signal of signals) signal.addEventListener('abort', done);
    function done() {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
