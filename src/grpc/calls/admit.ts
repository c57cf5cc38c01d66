import { isAllowed } from '../../access/permits.js';
import { PrivacyError } from '../../domain/errors.js';
import { type CallContext, principalOf } from './call-context.js';
import type { Order } from './handler.js';
import { MALFORMED } from './malformed.js';

/**
 * The order of a request that is well-formed, valid and covered by the token, checked in this order. Whether the
 * instance exists comes after: a token learns nothing of instances that it does not cover.
 */
export function admit<Request, Ordered extends Order>(
  request: Request,
  decode: (request: Request) => Ordered,
  context: CallContext,
): Ordered {
  const { method } = context;
  if (request === MALFORMED) throw new PrivacyError({ kind: 'MALFORMED_MESSAGE', method: method.fullName });
  const order = decode(request);
  for (const instance of order.instances?.length ? order.instances : [order.instance]) {
    if (!isAllowed(principalOf(context), method.permit, instance))
      throw new PrivacyError({
        kind: 'SCOPE_DENIED',
        method: method.fullName,
        ...(instance !== undefined && { instance }),
      });
  }
  return order;
}
