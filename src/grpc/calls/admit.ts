import { isAllowed } from '../../access/permits.js';
import { PrivacyError } from '../../domain/errors.js';
import { type CallContext, principalOf } from './call-context.js';
import type { Caller } from './handler.js';
import { MALFORMED } from './malformed.js';
import { namedInstances } from './named-instances.js';

/**
 * The order of a request that is well-formed, valid and covered by the token, checked in this order. Whether the
 * instance exists comes after: a token learns nothing of instances that it does not cover.
 */
export function admit<Request, Order>(
  request: Request,
  decode: (request: Request, caller: Caller) => Order,
  context: CallContext,
): Order {
  const { permit, fullName: method } = context.method;
  if (request === MALFORMED) throw new PrivacyError({ kind: 'MALFORMED_MESSAGE', method });
  const principal = principalOf(context);
  const order = decode(request, { method: context.method, principal });
  const named = namedInstances(request, context.method);
  for (const instance of named.length > 0 ? named : [undefined]) {
    if (!isAllowed(principal, permit, instance))
      throw new PrivacyError({ kind: 'SCOPE_DENIED', method, ...(instance !== undefined && { instance }) });
  }
  return order;
}
