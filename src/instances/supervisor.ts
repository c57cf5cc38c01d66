import { backoffMs } from '../domain/backoff.js';
import { DISCONNECTS, type Disconnect, reactionTo } from '../domain/disconnect.js';
import type { Life } from './life.js';
import type { Session, WhatsApp } from './ports.js';

/** A session that held this long ends a row of failures. */
const STABLE_MS = 30_000;
/** `setTimeout` takes no longer delay; a later moment is reached in steps. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Keeps one instance connected: connects, reacts to each disconnect as the table says, and waits in between. */
export interface Supervisor {
  readonly life: Life;
  /** Connects now, whatever the wait; does nothing while connecting or connected. */
  connect(): void;
  /** Ends the live session the caller's way, not reacting to its end; connects again when that gives false. */
  retire(end: (session: Session) => Promise<boolean>): Promise<boolean>;
  /** Takes the connection away and stops trying; without a state for that the last one stays on record. */
  rest(life?: Life): Promise<void>;
}

/** What a supervisor needs. */
export type SupervisorOptions = {
  readonly instance: string;
  readonly whatsApp: WhatsApp;
  readonly initial: Life;
  /** Called after each change of state. */
  readonly onLife: (life: Life) => void;
  readonly onPrivacyPush: () => void;
  /** Runs dials under the node's limit on simultaneous ones. */
  readonly dial: <T>(attempt: () => Promise<T>) => Promise<T>;
};

/** Supervises one instance; connects at once when the initial state is `connecting`. */
export function supervise(options: SupervisorOptions): Supervisor {
  let life = options.initial;
  let failures = 0;
  let stop = new AbortController();
  let running = Promise.resolve();

  function enter(next: Life) {
    life = next;
    options.onLife(next);
  }

  /** Connects at once, after whatever still runs has ended. */
  function start() {
    stop.abort();
    stop = new AbortController();
    const { signal } = stop;
    enter({ state: 'connecting' });
    running = running.then(() => run(signal));
  }

  /** One attempt and the session it gave, until that ends; undefined when told to stop. */
  async function connectOnce(signal: AbortSignal): Promise<Disconnect | undefined> {
    const result = await options.dial(async () => {
      if (signal.aborted) return undefined;
      return options.whatsApp.connect(options.instance, { signal, onPrivacyPush: options.onPrivacyPush });
    });
    if (result?.kind !== 'open') return result?.disconnect;
    if (signal.aborted) {
      await result.session.close();
      return undefined;
    }
    const openedAt = Date.now();
    enter({ state: 'connected', session: result.session });
    const disconnect = await result.session.ended;
    if (Date.now() - openedAt >= STABLE_MS) failures = 0;
    return disconnect;
  }

  /** The state after a disconnect; `connecting` means at once. */
  function after(disconnect: Disconnect): Life {
    const reason = disconnect.text || (DISCONNECTS[disconnect.code ?? 0]?.text ?? 'The connection ended');
    const reaction = reactionTo(disconnect);
    switch (reaction) {
      case 'logged_out':
      case 'conflict':
        return { state: reaction, reason };
      case 'suspended':
        return { state: 'suspended', reason, until: disconnect.until };
      case 'restart':
        // Asked for once it costs nothing; asked for again and again it is a failure like any other.
        if (failures++ === 0) return { state: 'connecting' };
        return backOff(reason, false);
      case 'back_off':
        failures++;
        return backOff(reason, disconnect.code === 429);
    }
  }

  const backOff = (reason: string, rateLimited: boolean): Life => ({
    state: 'backing_off',
    reason,
    until: new Date(Date.now() + backoffMs(failures, rateLimited)),
  });

  async function run(signal: AbortSignal): Promise<void> {
    while (await waitToConnect(life, signal)) {
      if (life.state !== 'connecting') enter({ state: 'connecting' });
      const disconnect = await connectOnce(signal);
      if (signal.aborted || !disconnect) return;
      enter(after(disconnect));
    }
  }

  running = run(stop.signal);
  return {
    get life() {
      return life;
    },
    connect() {
      if (life.state !== 'connecting' && life.state !== 'connected') start();
    },
    async retire(end) {
      if (life.state !== 'connected') return false;
      stop.abort();
      const done = await end(life.session);
      if (!done) start();
      return done;
    },
    async rest(next) {
      stop.abort();
      const session = life.state === 'connected' ? life.session : undefined;
      if (next) enter(next);
      await session?.close();
      await running;
    },
  };
}

/** Waits until a state's next attempt is due; false when there is none or the wait was ended. */
async function waitToConnect(life: Life, signal: AbortSignal): Promise<boolean> {
  if (life.state === 'connecting') return !signal.aborted;
  if (life.state !== 'backing_off' && life.state !== 'suspended') return false;
  while (life.until && !signal.aborted) {
    const left = life.until.getTime() - Date.now();
    if (left <= 0) return true;
    await sleep(Math.min(left, LONGEST_TIMER_MS), signal);
  }
  return false;
}

/** Resolves after the time or when the signal aborts, whichever comes first. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
