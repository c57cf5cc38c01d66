import { isAllowed } from '../../access/permits.js';
import { PrivacyError } from '../../domain/errors.js';
import type { Instances } from '../../instances/instances.js';
import { askedPart, type CallContext, principalOf } from './call-context.js';
import type { Caller } from './handler.js';
import { namedInstances } from './named-instances.js';
import { MALFORMED, unknownFieldsOf } from './reading.js';

/** The labels by which some tokens tell which instances they cover. */
export type LabelsOf = Instances['labelsOf'];

/**
 * The order of a request that is well-formed, holds nothing unknown, is valid and covered by the token, checked in this
 * order. What belongs to no single instance is denied first, whatever was sent (AIP-211). Whether an instance exists
 * comes last: a token learns nothing of instances that it does not cover.
 */
export function admit<Request, Order>(
  request: Request,
  decode: (request: Request, caller: Caller) => Order,
  context: CallContext,
  labelsOf: LabelsOf,
): Order {
  const { about, fullName: method } = context.method;
  if (about === undefined || about === 'covered') checkScope(request, context, labelsOf);
  if (request === MALFORMED) throw new PrivacyError({ kind: 'MALFORMED_MESSAGE', method });
  refuseUnknownFields(request);
  const order = decode(request, { method: context.method, principal: principalOf(context) });
  checkScope(request, context, labelsOf);
  return order;
}

/** Throws when the token does not cover, or covers no longer, what the request names. */
export function checkScope(request: unknown, context: CallContext, labelsOf: LabelsOf): void {
  const { permit, fullName: method } = context.method;
  // Another node asks for those of them that have the labels which the token wants, as that may change.
  const isPart = context.method.about === 'instances' && askedPart(context) !== undefined;
  const named = isPart ? [] : namedInstances(request, context.method);
  for (const name of named.length > 0 ? named : [undefined]) {
    const target = name === undefined ? undefined : { name, labels: labelsOf(name) };
    if (!isAllowed(principalOf(context), permit, target))
      throw new PrivacyError({ kind: 'SCOPE_DENIED', method, ...(name !== undefined && { instance: name }) });
  }
}

/** By itself: of a request with a part that is not understood nobody can say what else is wrong with it. */
function refuseUnknownFields(request: unknown): void {
  const violations = unknownFieldsOf(request).map(field => ({
    field,
    reason: 'UNKNOWN_FIELD' as const,
    description: `${field} is a field that this service does not know, perhaps as it is older than the client; nothing was changed`,
  }));
  if (violations.length > 0) throw new PrivacyError({ kind: 'INVALID_REQUEST', violations });
}
