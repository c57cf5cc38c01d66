import { PrivacyError } from '../../domain/errors.js';
import type { CallOptions } from '../../instances/ports/orders.js';
import type { CallContext } from './call-context.js';

export type BeforeSending = NonNullable<CallOptions['beforeSending']>;

/** Of the note beside a request that finds out what became of a change: the request_id of that one. */
export const FOLLOWS_UP = 'followsUp';

/** Reads and writes a message of the contract. */
export type Codec<Message> = {
  encode(message: Message): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Message;
};

/** What was found out about a change whose node was lost: the answer of the next one, or why there is none. */
export type Seen<Response> = { readonly response: Response } | { readonly error: unknown };

/** How the outcome of a change is found out that had begun on a node which was lost. */
export type FollowUp<Request, Response> = {
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
  /** What is asked of the node that runs the instance next, which makes nothing worse when it is done again. */
  readonly ask: (request: Request) => Request;
  /** The answer for the caller; throws where the change is not known to be made. */
  readonly tell: (request: Request, seen: Seen<Response>) => Response;
};

/** What is done about a call whose node was lost: it is made again, or, where that could change more, followed up. */
export type AfterLoss<Request, Response> = 'repeat' | FollowUp<Request, Response>;

/** A call about one instance, wherever that runs. */
export type PlacedCall<Request, Response> = {
  readonly context: CallContext;
  readonly instance: string;
  readonly request: Request;
  readonly bytes: Uint8Array;
  readonly options: CallOptions;
  /** For the handler on the other node, beside the request. */
  readonly note?: Readonly<Record<string, string>>;
  /** Has this node answer it. */
  readonly here: (request: Request, beforeSending?: BeforeSending, followsUp?: string) => Promise<Response>;
  /** Undefined for a change of which nobody can say what became of it. */
  readonly afterLoss: AfterLoss<Request, Response> | undefined;
};

/** The same of one that is answered with a stream. */
export type PlacedStream<Event> = Omit<PlacedCall<unknown, never>, 'here' | 'afterLoss'> & {
  readonly here: () => AsyncIterable<Event>;
};

/** Where calls about an instance are answered, when there are several nodes. */
export type Placement = {
  /** Is waited for before a call is admitted; undefined for nothing. */
  meet(request: unknown, context: CallContext): Promise<void> | undefined;
  /** Whether this node answers it, as far as is known. Throws when it must not be answered at all. */
  isHere(request: unknown, context: CallContext): boolean;
  /** The answer of the node that runs the instance; the bytes of it where that is another one. */
  answer<Request, Response>(call: PlacedCall<Request, Response>): Promise<Response | Buffer>;
  stream<Event>(call: PlacedStream<Event>): AsyncIterable<Event | Buffer>;
};

/** Whether another node is to answer, and nothing was done here. */
export const isMoved = (error: unknown): boolean =>
  error instanceof PrivacyError && error.problem.kind === 'INSTANCE_MOVED';
