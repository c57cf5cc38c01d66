import { LRUCache } from 'lru-cache';
import type { TokenRecord } from './ports.js';

const MOST_TOKENS = 10_000;

/**
 * Tokens that were looked up, each by the hash of its secret, so that no secret stays in memory; the digest that is stored
 * costs more.
 *
 * @param forMs How long one holds, by `uptime`.
 */
export function tokenCache<Known extends { readonly token: TokenRecord }>(
  forMs: number,
  uptime: () => number,
) {
  const cache = new LRUCache<string, { readonly known: Known; readonly until: number }>({ max: MOST_TOKENS });
  /** Counts what ended tokens, so that a lookup begun before cannot bring one back. */
  let ends = 0;

  return {
    get(secretHash: string): Known | undefined {
      const cached = cache.get(secretHash);
      return cached !== undefined && uptime() < cached.until ? cached.known : undefined;
    },

    /** Looks one up, and keeps it unless one has ended meanwhile. */
    async fill(secretHash: string, lookUp: () => Promise<Known | undefined>): Promise<Known | undefined> {
      const endsBefore = ends;
      const known = await lookUp();
      if (known && ends === endsBefore) cache.set(secretHash, { known, until: uptime() + forMs });
      return known;
    },

    /** Forgets some; their ids. */
    drop(isEnded: (token: TokenRecord) => boolean): readonly string[] {
      ends++;
      const dropped: string[] = [];
      for (const [secretHash, { known }] of cache) {
        if (!isEnded(known.token)) continue;
        cache.delete(secretHash);
        dropped.push(known.token.id);
      }
      return dropped;
    },
  };
}
