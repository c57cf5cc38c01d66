import type { Metadata } from '@grpc/grpc-js';
import type { Principal } from '../../access/tokens.js';

/** The methods of this service. Health and reflection, which need no token, are not among them. */
export const isOurs = (path: string): boolean => path.startsWith('/whatsapp.privacy.v1.');

/** What the interceptors learn of a call. */
export type CallContext = {
  requestId: string;
  /** `whatsapp.privacy.v1.PrivacyService/GetPrivacySettings`. */
  readonly method: string;
  /** The caller's address, without the port. */
  readonly peer: string;
  /** Whose token it is; undefined until one was accepted. */
  principal?: Principal;
  /** The limit that applies to the call, for the `x-ratelimit-` metadata. */
  rate?: { readonly limit: number; readonly remaining: number; readonly resetAfterMs: number };
};

/** Where the metadata object holds the context: no entry of it, which callers could send. */
const CONTEXT = Symbol('context');
type WithContext = Metadata & { [CONTEXT]?: CallContext };

export const setContext = (metadata: WithContext, context: CallContext): void => {
  metadata[CONTEXT] = context;
};

/** The context of the call that came with this metadata. */
export function contextOf({ [CONTEXT]: context }: WithContext): CallContext {
  if (!context) throw new Error('the call did not pass the first interceptor');
  return context;
}

/** Who calls. */
export function principalOf({ principal }: CallContext): Principal {
  if (!principal) throw new Error('the call did not pass the check of its token');
  return principal;
}
