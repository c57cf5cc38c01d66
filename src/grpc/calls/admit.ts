import { isAllowed } from '../../access/permits.js';
import { PrivacyError } from '../../domain/errors.js';
import type { Instances } from '../../instances/instances.js';
import { type CallContext, principalOf } from './call-context.js';
import type { Caller } from './handler.js';
import { MALFORMED } from './malformed.js';
import { namedInstances } from './named-instances.js';

/** The labels by which some tokens tell which instances they cover. */
export type LabelsOf = Instances['labelsOf'];

/**
 * The order of a request that is well-formed, valid and covered by the token, checked in this order. Whether the
 * instance exists comes after: a token learns nothing of instances that it does not cover.
 */
export function admit<Request, Order>(
  request: Request,
  decode: (request: Request, caller: Caller) => Order,
  context: CallContext,
  labelsOf: LabelsOf,
): Order {
  if (request === MALFORMED)
    throw new PrivacyError({ kind: 'MALFORMED_MESSAGE', method: context.method.fullName });
  const order = decode(request, { method: context.method, principal: principalOf(context) });
  checkScope(request, context, labelsOf);
  return order;
}

/** Throws when the token does not cover, or covers no longer, what the request names. */
export function checkScope(request: unknown, context: CallContext, labelsOf: LabelsOf): void {
  const { permit, fullName: method } = context.method;
  const named = namedInstances(request, context.method);
  for (const name of named.length > 0 ? named : [undefined]) {
    const target = name === undefined ? undefined : { name, labels: labelsOf(name) };
    if (!isAllowed(principalOf(context), permit, target))
      throw new PrivacyError({ kind: 'SCOPE_DENIED', method, ...(name !== undefined && { instance: name }) });
  }
}
