import type { Disconnect } from '../../domain/disconnect.js';
import { LONGEST_TIMER_MS } from '../../domain/longest-timer.js';
import { clock } from '../../domain/time/clock.js';
import type { Due } from '../../domain/time/due.js';
import type { InstanceLog, LogoutReply, Session } from '../ports/ports.js';
import { afterDisconnect, NO_FAILURES } from './after-disconnect.js';
import { backingOff, type ConnectionState, msLeft } from './connection-state.js';
import { type Dialer, OWN_FAULT } from './dialer.js';

/** A session that held this long ends a row of failures. */
const STABLE_MS = 30_000;

/** Keeps one instance connected: connects, reacts to each disconnect as the table says, and waits in between. */
export interface Supervisor {
  readonly connection: ConnectionState;
  /** From now on it acts, and tells what happens; connects at once when the initial state is `connecting`. */
  begin(events: ConnectionEvents): void;
  /** Connects now, whatever the wait; does nothing while connecting or connected. */
  connect(): void;
  /**
   * Ends a wait that is this instance's own: any for somebody who must know what became of a change, only the first in
   * a row of failures for others, so that they cannot undo the back-off.
   */
  hurry(wait: 'any' | 'first'): void;
  /** Connects anew, also when connected, because the way to WhatsApp is another; does nothing when it would not dial. */
  reroute(): void;
  /** Ends the live session the caller's way, not reacting to its end; connects again when that is not confirmed. */
  retire(end: (session: Session) => Promise<LogoutReply>): Promise<LogoutReply>;
  /** Gives the connection up until that is due, or until told to connect; does nothing unless connected. */
  park(due: Due): void;
  /** Gives an attempt up for this state, and does what that one says; does nothing unless it waits for another one. */
  giveUp(next: ConnectionState): void;
  /** Takes the connection away and stops trying; without a state for that the last one stays on record. */
  rest(connection?: ConnectionState): Promise<void>;
  /** Rests for good: whatever it is told afterwards, it does not connect. */
  end(connection?: ConnectionState): Promise<void>;
}

/** What a supervisor tells. */
export type ConnectionEvents = {
  /** Called after each change of state. */
  readonly onConnection: (connection: ConnectionState) => void;
  readonly onPrivacyPush: () => void;
};

/** What a supervisor needs. */
export type SupervisorOptions = {
  readonly instance: string;
  readonly dialer: Pick<Dialer, 'connect' | 'hold'>;
  readonly initial: ConnectionState;
  /** The one that the next attempt goes through; undefined for that of the node. */
  readonly proxy?: () => string | undefined;
  /** As for `WhatsApp.connect`. */
  readonly mayAsk?: () => boolean;
  readonly log: Pick<InstanceLog, 'taskFailed'>;
  /** Adds to why a connection ended what is known of the instance. */
  readonly explain?: (disconnect: Disconnect) => Disconnect;
};

const CONNECTING: ConnectionState = { state: 'connecting' };

/** Supervises one instance, once told to begin. */
export function supervise({
  instance,
  dialer,
  initial,
  proxy,
  mayAsk = () => true,
  log,
  explain = disconnect => disconnect,
}: SupervisorOptions): Supervisor {
  let events: ConnectionEvents = { onConnection: () => undefined, onPrivacyPush: () => undefined };
  let connection = initial;
  let hasEnded = false;
  let streak = NO_FAILURES;
  let stop = new AbortController();
  let running = Promise.resolve();

  /** While the node may not dial, an instance waits where it would connect. */
  function enter(next: ConnectionState) {
    const hold = next.state === 'connecting' ? dialer.hold() : undefined;
    connection = hold ? backingOff(hold.leftMs, hold.cause, hold) : next;
    try {
      events.onConnection(connection);
    } catch (cause) {
      // What follows from a state is not to end what keeps the instance connected.
      log.taskFailed({ task: 'following the connection', instance, cause });
    }
  }

  /** Connects, or waits first as the state says, after whatever still runs has ended. */
  function start(next: ConnectionState = CONNECTING) {
    if (hasEnded) return;
    stop.abort();
    stop = new AbortController();
    const { signal } = stop;
    enter(next);
    running = running.then(() => run(signal));
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (await due(signal)) {
      const disconnect = await connectOnce(signal).catch(ownFault);
      if (signal.aborted) return;
      enter(disconnect ? after(disconnect) : CONNECTING);
    }
  }

  /** What was thrown must not be the end of what keeps the instance connected. */
  function ownFault(cause: unknown): Disconnect {
    log.taskFailed({ task: 'keeping the instance connected', instance, cause });
    return OWN_FAULT;
  }

  /** Waits for the next attempt; false when there is none, or told to stop. */
  async function due(signal: AbortSignal): Promise<boolean> {
    while (connection.state !== 'connecting') {
      if (!(await waitedOut(connection, signal))) return false;
      enter(CONNECTING);
    }
    return !signal.aborted;
  }

  /**
   * Waits until a state is over; false when it does not end by itself, or told to stop. How long is known from its
   * beginning and left to timers: a clock that is set meanwhile makes it neither longer nor shorter.
   */
  async function waitedOut(current: ConnectionState, signal: AbortSignal): Promise<boolean> {
    const over = current.state === 'backing_off' ? current.over : undefined;
    let left = msLeft(current);
    while (left !== undefined && !signal.aborted) {
      if (left <= 0 || over?.aborted) return true;
      await sleep(Math.min(left, LONGEST_TIMER_MS), over ? [signal, over] : [signal]);
      left -= LONGEST_TIMER_MS;
    }
    return false;
  }

  /** One attempt and the session it gave, until that ends; undefined when there was none, or told to stop. */
  async function connectOnce(signal: AbortSignal): Promise<Disconnect | undefined> {
    const result = await dialer.connect(instance, {
      proxy: proxy?.(),
      signal,
      onPrivacyPush: events.onPrivacyPush,
      mayAsk,
    });
    if (result.kind === 'held') return undefined;
    if (result.kind === 'failed') return result.disconnect;
    if (signal.aborted) {
      await result.session.close();
      return undefined;
    }
    const openedAt = clock();
    enter({ state: 'connected', session: result.session });
    const disconnect = await result.session.ended;
    if (clock() - openedAt >= STABLE_MS) streak = NO_FAILURES;
    return disconnect;
  }

  function after(disconnect: Disconnect): ConnectionState {
    const reaction = afterDisconnect(explain(disconnect), streak);
    streak = reaction.streak;
    return reaction.next;
  }

  async function rest(next?: ConnectionState): Promise<void> {
    stop.abort();
    const ended = running;
    const session = connection.state === 'connected' ? connection.session : undefined;
    if (connection.state === 'linking') void connection.end();
    if (next) enter(next);
    await session?.close();
    await ended;
  }

  return {
    get connection() {
      return connection;
    },
    begin(tellsOf) {
      events = tellsOf;
      running = run(stop.signal);
    },
    connect() {
      if (connection.state !== 'connecting' && connection.state !== 'connected') start();
    },
    hurry(wait) {
      if (connection.state !== 'backing_off' || connection.over) return;
      if (wait === 'any' || streak.failures === 1) start();
    },
    reroute() {
      const session = connection.state === 'connected' ? connection.session : undefined;
      if (!session && connection.state !== 'connecting' && connection.state !== 'backing_off') return;
      start();
      void session?.close();
    },
    async retire(end) {
      if (connection.state !== 'connected') return { kind: 'no_answer', cause: 'closed' };
      stop.abort();
      const reply = await end(connection.session);
      if (reply.kind !== 'confirmed') start();
      return reply;
    },
    park(due) {
      if (connection.state !== 'connected') return;
      const { session } = connection;
      start({ state: 'parked', ...due });
      void session.close();
    },
    giveUp(next) {
      if (connection.state === 'backing_off') start(next);
    },
    rest,
    async end(next) {
      hasEnded = true;
      if (connection.state === 'linking') await connection.end();
      await rest(next);
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
