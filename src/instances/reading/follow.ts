import { backoffMs } from '../../domain/backoff.js';
import type { Problem } from '../../domain/errors.js';
import { clock } from '../../domain/time/clock.js';
import type { Account } from '../account/account.js';
import { COST } from '../account/budget.js';
import { IQ_TIMEOUT_MS } from '../account/time-left.js';
import { failedRead, heldBack } from '../judging/failed-read.js';
import type { Session } from '../ports/ports.js';

/** WhatsApp Web reads at most once a second after pushes. */
const PUSH_DEBOUNCE_MS = 1000;
/** The share of the budget for reads that is for callers alone. */
const FOR_CALLERS = 0.5;
/** So long a read may be put off for the callers' sake before those who watch are told. */
const UNTOLD_WAIT_MS = 30_000;

/** Keeps what is known of an account's settings current. */
export interface Follower {
  /** A new connection: what changed while the account was offline shows only in a read. */
  connected(): void;
  /** WhatsApp says that settings changed. */
  pushed(): void;
  /** This service may have changed settings: WhatsApp says so to the other devices only. */
  changed(): void;
  /** Reads nothing more. */
  stop(): void;
}

/**
 * Follows one account: reads after each connect, after pushes and after changes that no read has shown, and again after
 * a read that brought nothing.
 *
 * @param session The live connection; undefined while there is none.
 * @param onLost Called when a read brought nothing, so that nobody knows how the settings are.
 */
export function follow(
  account: Account,
  session: () => Session | undefined,
  onLost: (problem: Problem) => void,
): Follower {
  const { cache, budget } = account;
  let due: { readonly timer: NodeJS.Timeout; readonly at: number } | undefined;
  let failures = 0;
  let isStopped = false;

  /** Reads after so long, or earlier when that is due. */
  function readIn(ms: number) {
    const at = clock() + ms;
    if (isStopped || (due && due.at <= at)) return;
    clearTimeout(due?.timer);
    due = { at, timer: setTimeout(() => void catchUp(), ms).unref() };
  }

  const isKnown = (live: Session) => cache.current(live, Number.POSITIVE_INFINITY) !== undefined;

  async function catchUp() {
    due = undefined;
    const live = session();
    if (!live) return;
    // Somebody may have read since.
    if (isKnown(live)) return followed(live);
    const held = heldBack(account);
    const overdrawn = held ? undefined : budget.take(COST.reads, FOR_CALLERS);
    if (overdrawn && overdrawn.retryAfterMs <= UNTOLD_WAIT_MS) return readIn(overdrawn.retryAfterMs);

    const problem = held ?? overdrawn ?? (await read(live));
    if (session() !== live) return;
    // A read of somebody else may have brought meanwhile what this one did not.
    if (!problem || isKnown(live)) return followed(live);
    onLost(problem);
    const askedMs = 'retryAfterMs' in problem ? (problem.retryAfterMs ?? 0) : 0;
    readIn(Math.max(backoffMs('read_again', ++failures), askedMs));
  }

  /** Why a read brought nothing. */
  async function read(live: Session): Promise<Problem | undefined> {
    const reply = await cache.readShared(live, IQ_TIMEOUT_MS);
    return reply.kind === 'read' ? undefined : failedRead(account, reply);
  }

  /** A read came. What it showed may change without a word: a change has no answer yet, or got it meanwhile. */
  function followed(live: Session) {
    failures = 0;
    const unsettledMs = cache.unsettledForMs();
    if (unsettledMs > 0) {
      readIn(unsettledMs);
      void cache.settled().then(() => readIn(0));
    } else if (!isKnown(live)) {
      readIn(PUSH_DEBOUNCE_MS);
    }
  }

  return {
    connected() {
      clearTimeout(due?.timer);
      failures = 0;
      void catchUp();
    },
    pushed() {
      cache.invalidate();
      readIn(PUSH_DEBOUNCE_MS);
    },
    changed: () => readIn(0),
    stop() {
      isStopped = true;
      clearTimeout(due?.timer);
    },
  };
}
