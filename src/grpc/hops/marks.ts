import { type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { Status } from '../../../gen/ts/google/rpc/status.js';
import { withoutRequestInfo } from '../errors/status-size.js';
import type { NoAnswer } from './hops.js';

/** The trailer by which a node vouches that a status is its own, and says whether anything was done. */
const MARK = 'wa-privacy-hop';
type Mark = 'answered' | 'moved';

/** Says of the status with this metadata that it is this node's. */
export const mark = (metadata: Metadata, as: Mark): void => metadata.set(MARK, as);

/**
 * What grpc-js says of a call that it has not sent, in words alone: subchannel-call.js and load-balancing-call.js of
 * 1.14. Whatever else has no mark tells nothing, neither by its code nor by its text.
 */
const NEVER_SENT = /^(No connection established|Stream refused by server)/;

/** How a hop ended that has brought an error. */
export function endOf({
  code,
  details,
  metadata,
}: Pick<ServiceError, 'code' | 'details' | 'metadata'>): NoAnswer {
  const [how] = metadata.get(MARK);
  if (how === 'moved') return { kind: 'moved' };
  const [told] = metadata.get('grpc-status-details-bin');
  if (how === 'answered' && Buffer.isBuffer(told)) {
    const [pushback] = metadata.get('grpc-retry-pushback-ms');
    const pushbackMs = pushback === undefined ? undefined : Number(pushback);
    return { kind: 'failed', status: withoutRequestInfo(Status.decode(told)), pushbackMs };
  }
  return code === status.UNAVAILABLE && NEVER_SENT.test(details) ? { kind: 'unreached' } : { kind: 'lost' };
}
