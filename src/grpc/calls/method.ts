import { isAllowed } from '../../access/permits.js';
import type { Principal } from '../../access/tokens.js';
import { PrivacyError } from '../../domain/errors.js';
import type { CallOptions } from '../../instances/account/orders.js';
import { type CallContext, principalOf } from './call-context.js';
import { MALFORMED } from './malformed.js';

/** What a handler is told besides the request. */
export type Call = {
  readonly principal: Principal;
  /** Names the call in the log. */
  readonly requestId: string;
  readonly options: CallOptions;
};

/** A request in the words of the domain. */
export type Order = {
  /** Undefined when it is about no single one. */
  readonly instance: string | undefined;
  /** Those it names, where it may name several. */
  readonly instances?: readonly string[];
};

/** One method of the API: what it makes of a request, and what it does then. */
export type Method<Request, Ordered extends Order, Result> = {
  /** Throws with every violation of the request. */
  readonly decode: (request: Request) => Ordered;
  readonly handle: (order: Ordered, call: Call) => Result;
};

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
  if (request === MALFORMED) throw new PrivacyError({ kind: 'MALFORMED_MESSAGE', method });
  const order = decode(request);
  const name = method.slice(method.lastIndexOf('.') + 1);
  for (const instance of order.instances?.length ? order.instances : [order.instance]) {
    if (!isAllowed(principalOf(context), { method: name, instance }))
      throw new PrivacyError({ kind: 'SCOPE_DENIED', method, ...(instance !== undefined && { instance }) });
  }
  return order;
}
