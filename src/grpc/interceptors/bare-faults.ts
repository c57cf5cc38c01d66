import { type StatusObject, status } from '@grpc/grpc-js';
import type { CallContext } from '../calls/call-context.js';
import type { Answer } from '../errors/statuses.js';

/** How a call ends, as grpc-js hands it from interceptor to interceptor. */
export type Outcome = Pick<StatusObject, 'code' | 'details'> & {
  metadata?: StatusObject['metadata'] | null | undefined;
};

/** What goes out in place of an outcome. */
export type ErrorNet = (outcome: Outcome, context: CallContext) => Outcome;

/** Gives a fault that grpc-js itself turned into a status the details of INTERNAL, and hides its text. */
export const errorNet =
  (answer: Answer): ErrorNet =>
  (outcome, context) => {
    const isFault = outcome.code === status.UNKNOWN || outcome.code === status.INTERNAL;
    const isBare = () => !outcome.metadata?.get('grpc-status-details-bin').length;
    return isFault && isBare() ? answer(new Error(outcome.details), context) : outcome;
  };
