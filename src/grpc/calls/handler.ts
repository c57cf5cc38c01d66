import type { Principal } from '../../access/tokens.js';
import type { CallOptions } from '../../instances/ports/orders.js';
import type { Method } from '../method.js';
import type { CallContext } from './call-context.js';
import type { AfterLoss } from './placement.js';

/** What a handler is told besides the request. */
export type Call = {
  readonly method: Method;
  readonly principal: Principal;
  /** Names the call in the log. */
  readonly requestId: string;
  readonly options: CallOptions;
  /** As the interceptors know it, for calls that go on to other nodes. */
  readonly context: CallContext;
};

/** Who asks, and of what method. */
export type Caller = Pick<Call, 'method' | 'principal'>;

/** The handler of one method: what it makes of a request, and what it does then. */
export type Handler<Request, Order, Result> = {
  /** The request in the words of the domain. Throws with every violation of the request. */
  readonly decode: (request: Request, caller: Caller) => Order;
  readonly handle: (order: Order, call: Call) => Result;
};

/** The handler of a method that answers once. */
export type UnaryHandler<Request, Order, Response> = Handler<Request, Order, Promise<Response> | Response> & {
  /** The answer where nothing has to be waited for, which spares the call a deadline; undefined to have it handled. */
  readonly atOnce?: (order: Order) => Response | undefined;
  /** It works with the store alone, so that any node answers it. */
  readonly isAnywhere?: true;
  /** What is done when the node is lost that runs it. Reads are made again; of a change nobody can say when not said. */
  readonly afterLoss?: AfterLoss<Request, Response>;
};
