import type { Status } from '../../../gen/ts/google/rpc/status.js';
import type { NodeAddress } from '../../cluster/ports.js';
import type { CallOptions } from '../../instances/ports/orders.js';
import type { CallContext } from '../calls/call-context.js';

/** A call for another node. */
export type Hop = {
  /** Of the call that it is made for: its method, unless `path` says another, its principal and its name. */
  readonly context: CallContext;
  readonly path?: string;
  /** The request. */
  readonly bytes: Uint8Array;
  /** For the handler there, beside the request. */
  readonly note?: Readonly<Record<string, string>>;
  /** Names it in the log of hops; one is made up when not given. */
  readonly id?: string;
};

/** How a hop ended that brought no answer. */
export type NoAnswer =
  /** The other node's own status, without RequestInfo. */
  | { readonly kind: 'failed'; readonly status: Status; readonly pushbackMs: number | undefined }
  /** The other node does not run the instance, or is going away. Nothing was done. */
  | { readonly kind: 'moved' }
  /** It never got there. Nothing was done. */
  | { readonly kind: 'unreached' }
  /** The transport failed, and does not tell what was done. */
  | { readonly kind: 'lost' };

/** Calls to other nodes. */
export type Hops = {
  /** Until the deadline, or until the signal aborts, after which it is lost. */
  unary(
    node: NodeAddress,
    hop: Hop,
    options: Pick<CallOptions, 'deadline' | 'signal'>,
  ): Promise<{ readonly kind: 'answered'; readonly bytes: Buffer } | NoAnswer>;
  /**
   * The messages, no more of them than are asked for, and then how it ended; without a deadline as long as the method
   * lasts there. Leaving the iteration ends the call.
   */
  stream(
    node: NodeAddress,
    hop: Hop,
    options: Pick<CallOptions, 'signal'> & { readonly deadline?: number },
  ): AsyncGenerator<Buffer, { readonly kind: 'ended' } | NoAnswer, undefined>;
  /** Ends every connection. */
  close(): void;
};
