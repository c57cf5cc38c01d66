import { type StatusObject, status } from '@grpc/grpc-js';
import { PrivacyError } from '../../domain/errors.js';
import type { Answer } from '../errors/statuses.js';
import { ownRefusal } from './own-refusals.js';

/** How a call ends, as grpc-js hands it from interceptor to interceptor. */
export type EndedStatus = Pick<StatusObject, 'code' | 'details'> & {
  metadata?: StatusObject['metadata'] | null | undefined;
};

/** What goes out in place of an outcome. */
export type BareFaults = (outcome: EndedStatus, call: Parameters<Answer>[1]) => EndedStatus;

/**
 * Gives what grpc-js refuses by itself the details that every error has. A fault that it turned into a status gets those
 * of INTERNAL, and its text is hidden.
 */
export const bareFaults =
  (answer: Answer): BareFaults =>
  (outcome, call) => {
    if (outcome.code === status.OK || outcome.metadata?.get('grpc-status-details-bin').length) return outcome;
    const problem = ownRefusal(outcome);
    if (problem) {
      const refusal = answer(new PrivacyError(problem), call);
      if (problem.kind === 'MALFORMED_CALL' && problem.part === 'MESSAGE_ENCODING')
        refusal.metadata.set('grpc-accept-encoding', ENCODINGS); // grpc-js sends it with headers alone.
      return refusal;
    }
    const isFault = outcome.code === status.UNKNOWN || outcome.code === status.INTERNAL;
    return isFault ? answer(new Error(outcome.details), call) : outcome;
  };

/** Those of grpc-js, which callers must be told when they sent another: doc/compression.md of gRPC. */
const ENCODINGS = 'identity,deflate,gzip';
