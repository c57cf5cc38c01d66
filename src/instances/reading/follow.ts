import { backoffMs } from '../../domain/backoff.js';
import type { Problem } from '../../domain/errors.js';
import type { Account } from '../account/account.js';
import { COST } from '../account/budget.js';
import type { Session } from '../account/ports.js';
import { IQ_TIMEOUT_MS } from '../account/time-left.js';
import { failedRead, heldBack } from '../judging/failed-read.js';

/** WhatsApp Web reads at most once a second after pushes. */
const PUSH_DEBOUNCE_MS = 1000;

/** Keeps what is known of an account's settings current. */
export interface Follower {
  /** A new connection: what changed while the account was offline shows only in a read. */
  connected(): void;
  /** WhatsApp says that settings changed. */
  pushed(): void;
  /** Reads nothing more. */
  stop(): void;
}

/**
 * Follows one account: reads after each connect and after pushes, and again after a read that brought nothing.
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
  let due: NodeJS.Timeout | undefined;
  let failures = 0;
  let isStopped = false;

  const readIn = (ms: number) => {
    if (!isStopped) due ??= setTimeout(() => void catchUp(), ms).unref();
  };

  async function catchUp() {
    due = undefined;
    const live = session();
    // Somebody may have read since.
    if (!live || cache.current(live, Number.POSITIVE_INFINITY)) return;
    const problem = await read(live);
    if (!problem) failures = 0;
    if (!problem || session() !== live) return;
    onLost(problem);
    const askedMs = 'retryAfterMs' in problem ? (problem.retryAfterMs ?? 0) : 0;
    readIn(Math.max(backoffMs('read_again', ++failures), askedMs));
  }

  /** Why a read brought nothing, or was not made: WhatsApp or the budget says that the account has asked enough. */
  async function read(live: Session): Promise<Problem | undefined> {
    const refused = heldBack(account) ?? budget.take(COST.reads);
    if (refused) return refused;
    const reply = await cache.readShared(live, IQ_TIMEOUT_MS);
    return reply.kind === 'read' ? undefined : failedRead(account, reply);
  }

  return {
    connected() {
      clearTimeout(due);
      failures = 0;
      void catchUp();
    },
    pushed() {
      cache.invalidate();
      readIn(PUSH_DEBOUNCE_MS);
    },
    stop() {
      isStopped = true;
      clearTimeout(due);
    },
  };
}
