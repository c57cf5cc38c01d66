import type { Events } from '../../observability/events.js';

/** What the API tells the operator. */
export type ApiEvents = Pick<Events, 'callEnded' | 'callFailed' | 'taskFailed'>;

const safely =
  <Fact>(tell: (fact: Fact) => void) =>
  (fact: Fact): void => {
    try {
      tell(fact);
    } catch {
      // There is nobody left to tell.
    }
  };

/** The events, which never throw: a log on a full disk must not leave callers waiting. */
export const safeEvents = (events: ApiEvents): ApiEvents => ({
  callEnded: safely(events.callEnded),
  callFailed: safely(events.callFailed),
  taskFailed: safely(events.taskFailed),
});
