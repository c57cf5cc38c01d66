import type { Metadata, ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { Principal } from '../../access/tokens.js';
import type { Author } from '../../domain/author.js';
import type { Method } from '../method.js';

/** That a call comes from another node, which has checked who makes it. */
export type PassedOn = {
  /** Names it in the log of hops. */
  readonly id: string;
  /** The id of the other node. */
  readonly from: string;
  /** The caller's address. */
  readonly peer: string;
  /** What the other node says beside the request. */
  readonly note: Readonly<Record<string, string>>;
  /** SHA-256 of the request. */
  readonly bodyDigest: string;
  /** Whether anything may have been sent to WhatsApp. */
  hasBegun: boolean;
};

/** What the interceptors learn of a call. */
export type CallContext = {
  requestId: string;
  readonly method: Method;
  /** The caller's address, without the port. */
  readonly peer: string;
  /** As grpc-js has it, for what few calls ask of it: the certificate of the caller, the deadline. */
  readonly call: Pick<ServerInterceptingCallInterface, 'getAuthContext' | 'getDeadline'>;
  /** The key of the connection that it came on. */
  readonly connection: string;
  /** Whose token it is; undefined until one was accepted. */
  principal: Principal | undefined;
  /** Undefined for a call of a caller's own. */
  passedOn: PassedOn | undefined;
  /** Why none was. */
  tokenFault: 'token_missing' | 'token_bad' | undefined;
  /** The limit that applies to the call, for the `x-ratelimit-` metadata. */
  rate: { readonly limit: number; readonly remaining: number; readonly resetAfterMs: number } | undefined;
};

/** Where the metadata object holds the context: no entry of it, which callers could send. */
const CONTEXT = Symbol('context');
type WithContext = Metadata & { [CONTEXT]?: CallContext };

export const setContext = (metadata: WithContext, context: CallContext): void => {
  metadata[CONTEXT] = context;
};

/** The context of the call that came with this metadata; undefined for a method of health or reflection. */
export const findContext = ({ [CONTEXT]: context }: WithContext): CallContext | undefined => context;

/** The context of a call of our own methods. */
export function contextOf(metadata: Metadata): CallContext {
  const context = findContext(metadata);
  if (!context) throw new Error('the call did not pass the first interceptor');
  return context;
}

/** What a node is asked for: what it says of the instances that it runs itself, up to this name where one is given. */
export type Part = { readonly through: string | undefined };

/** The part that another node asks for; undefined for a caller, who asks for the whole. */
export const askedPart = ({ passedOn }: Pick<CallContext, 'passedOn'>): Part | undefined =>
  passedOn && { through: passedOn.note['through'] };

/** On whose behalf a call does what it does, as the history tells it. */
export function authorOf(request: unknown, { tokenId, tokenDisplayName }: Principal): Author {
  const { requestId = '' } = request as { readonly requestId?: string };
  return { actor: { tokenId, tokenDisplayName }, requestId };
}

/** Who calls. */
export function principalOf({ principal }: CallContext): Principal {
  if (!principal) throw new Error('the call did not pass the check of its token');
  return principal;
}
