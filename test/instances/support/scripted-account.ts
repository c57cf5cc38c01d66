import type { Account } from '../../../src/instances/account/account.js';
import type { History } from '../../../src/instances/account/history.js';
import { settingsCache } from '../../../src/instances/account/settings-cache.js';
import { throttle } from '../../../src/instances/account/throttle.js';
import type { ReadReply, Session, SetReply } from '../../../src/instances/ports/ports.js';
import { DRAINED } from './drained.js';

/** An account whose reads are answered by the test; each is known by its place. */
export function openAccount(
  setReplies: Partial<Record<string, SetReply | Promise<SetReply>>>,
  ended: Session['ended'] = new Promise(() => undefined),
) {
  const reads: ((values: Record<string, string>) => void)[] = [];
  const session = {
    ended,
    offlineQueue: DRAINED,
    forgetTimer: () => {},
    setPrivacy: async setting => setReplies[setting] ?? { kind: 'confirmed' },
    readPrivacy: timeoutMs =>
      new Promise<ReadReply>(resolve => {
        setTimeout(resolve, timeoutMs, { kind: 'no_answer', cause: 'timeout' });
        reads.push(values =>
          resolve({
            kind: 'read',
            snapshot: { values, others: [], categories: [], unreadable: [], observedAt: new Date() },
          }),
        );
      }),
  } as Partial<Session> as Session;
  const cache = settingsCache(() => undefined);
  const account = {
    instance: 'desk',
    cache,
    throttle: throttle(),
    spend: () => undefined,
    history: { sending: () => () => undefined } as Partial<History> as History,
    session: async () => session,
    redial: () => undefined,
    sessionAtOnce: async () => session,
  } as Partial<Account> as Account;
  return { account, session, cache, reads };
}
