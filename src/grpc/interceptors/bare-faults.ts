import { type StatusObject, status } from '@grpc/grpc-js';
import type { CallContext } from '../calls/call-context.js';
import type { Answer } from '../errors/statuses.js';

/** How a call ends, as grpc-js hands it from interceptor to interceptor. */
export type EndedStatus = Pick<StatusObject, 'code' | 'details'> & {
  metadata?: StatusObject['metadata'] | null | undefined;
};

/** What goes out in place of an outcome. */
export type BareFaults = (outcome: EndedStatus, context: CallContext) => EndedStatus;

/** Gives a fault that grpc-js itself turned into a status the details of INTERNAL, and hides its text. */
export const bareFaults =
  (answer: Answer): BareFaults =>
  (outcome, context) => {
    const isFault = outcome.code === status.UNKNOWN || outcome.code === status.INTERNAL;
    const isBare = () => !outcome.metadata?.get('grpc-status-details-bin').length;
    return isFault && isBare() ? answer(new Error(outcome.details), context) : outcome;
  };
