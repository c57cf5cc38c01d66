import { PrivacyError } from '../domain/errors.js';

/** A token in use for long. Disposing of it ends the watch. */
export type TokenWatch = {
  /** Aborts with TOKEN_INVALID when the token has ended. */
  readonly signal: AbortSignal;
} & Disposable;

/** How often tokens in use are looked up: they may expire, and another node may end them. */
const LOOK_EVERY_MS = 3_000;

/**
 * Watches tokens that are in use for longer than one check of them holds.
 *
 * @param works Looks a token up by its id.
 */
export function tokenExpiry(works: (id: string) => Promise<boolean>) {
  const watched = new Map<string, { readonly ended: AbortController; users: number }>();
  let timer: NodeJS.Timeout | undefined;

  async function look(ids: Iterable<string> = watched.keys()): Promise<void> {
    await Promise.all(
      [...ids].map(async id => {
        const token = watched.get(id);
        // A look-up that fails tells nothing of the token.
        if (token && !(await works(id).catch(() => true)))
          token.ended.abort(new PrivacyError({ kind: 'TOKEN_INVALID' }));
      }),
    );
  }

  return {
    /** Looks now, because these tokens, or any, may just have ended. */
    look,

    watch(id: string): TokenWatch {
      const token = watched.get(id) ?? { ended: new AbortController(), users: 0 };
      token.users++;
      watched.set(id, token);
      timer ??= setInterval(() => void look(), LOOK_EVERY_MS).unref();
      return {
        signal: token.ended.signal,
        [Symbol.dispose]() {
          token.users--;
          if (token.users === 0) watched.delete(id);
          if (watched.size > 0) return;
          clearInterval(timer);
          timer = undefined;
        },
      };
    },
  };
}
