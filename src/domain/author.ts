/** The token that something is done with. */
export type Actor = { readonly tokenId: string; readonly tokenDisplayName: string };

/** On whose behalf something is done. */
export type Author = {
  /** Undefined when nobody asked for it. */
  readonly actor: Actor | undefined;
  /** The idempotency id of the call; empty when it had none. */
  readonly requestId: string;
};

/** What the service does by itself. */
export const NOBODY: Author = { actor: undefined, requestId: '' };
