import { status } from '@grpc/grpc-js';
import type { StrangerDeed, Strangers } from '../../observability/strangers.js';
import type { CallContext } from '../calls/call-context.js';
import type { ApiEvents } from '../errors/api-events.js';
import { countedAddress } from '../peers/peer-address.js';

/**
 * Logs how a call ended.
 *
 * @param otherwise What a stranger did, where the check of the token does not say it.
 */
export type CallLog = (
  context: CallContext,
  code: status,
  durationMs: number,
  otherwise: StrangerDeed,
) => void;

/** Calls without a good token are only counted, for anybody can make any number of them. */
export const callLog =
  (log: Pick<ApiEvents, 'callEnded'>, strangers: Strangers): CallLog =>
  (context, code, durationMs, otherwise) => {
    const { requestId, method, peer, principal, passedOn, tokenFault = otherwise } = context;
    if (!principal) return strangers.seen(tokenFault, countedAddress(peer));
    const { tokenId } = principal;
    const call = { requestId, method: method.fullName, code: status[code], durationMs, peer, tokenId };
    log.callEnded(passedOn ? { ...call, peer: passedOn.peer, fromNode: passedOn.from } : call);
  };
