import type { Events } from '../../observability/events.js';

/** What the API tells the operator. */
export type ApiEvents = Pick<Events, 'callEnded' | 'callFailed' | 'taskFailed' | 'strangersSeen'>;
