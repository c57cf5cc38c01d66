import type { Principal } from '../../access/tokens.js';
import type { CallOptions } from '../../instances/account/orders.js';
import type { Method } from '../method.js';

/** What a handler is told besides the request. */
export type Call = {
  readonly method: Method;
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

/** The handler of one method: what it makes of a request, and what it does then. */
export type Handler<Request, Ordered extends Order, Result> = {
  /** Throws with every violation of the request. */
  readonly decode: (request: Request) => Ordered;
  readonly handle: (order: Ordered, call: Call) => Result;
};
