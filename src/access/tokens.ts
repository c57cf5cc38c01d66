import { createHmac, createSecretKey, hash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Author, NOBODY } from '../domain/author.js';
import { PrivacyError } from '../domain/errors.js';
import type { Selector } from '../domain/labels/selector.js';
import { clock } from '../domain/time/clock.js';
import { wallMs } from '../domain/time/wall-time.js';
import type { Write } from '../domain/write.js';
import type { NewsOfTokens, TokenEvent, TokenRecord, TokenStore } from './ports.js';
import { tokenCache } from './token-cache.js';
import { type TokenWatch, tokenExpiry } from './token-expiry.js';

/** Who makes a call: what a token covers and may do. */
export type Principal = {
  readonly tokenId: string;
  readonly tokenDisplayName: string;
  readonly kind: TokenRecord['kind'];
  /** The one instance that an INSTANCE token covers. */
  readonly instance: string | undefined;
  /** Which instances a SELECTOR token covers. */
  readonly selector: Selector | undefined;
  readonly access: TokenRecord['access'];
  /** A name that the caller's client certificate must have; undefined: it needs none. */
  readonly certificateSubject: string | undefined;
};

/** A token as callers see it. */
export type Token = Omit<TokenRecord, 'digest'>;

/** What a new token covers and may do. */
export type TokenWish = Pick<Token, 'kind' | 'access' | 'displayName'> & {
  readonly instance?: string | undefined;
  readonly selector?: Selector | undefined;
  readonly expireTime?: Date | undefined;
  readonly certificateSubject?: string | undefined;
};

/** A token in place of another, which works until then. */
type Rotated = { readonly token: Token; readonly previousExpireTime: Date };

/** What makes a request answerable again: the id that its author gave it, and what is written with what it makes. */
type Repeatable<Made> = {
  readonly author?: Author | undefined;
  readonly along?: (made: Made) => readonly Write[];
};

/** The tokens of this service. */
export type Tokens = ReturnType<typeof tokens>;

/** The id of the account token that the service is set up with. */
const FIRST_ID = 'first';
/** How long a token is taken as good without looking it up, where others may end it unheard. */
const SHARED_CACHE_MS = 5_000;
const FIRST: TokenWish = { kind: 'ACCOUNT', access: 'READ_WRITE', displayName: 'first account token' };
const ID_LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';

/** Behind a prefix that secret scanners can look for. */
const secretOfBytes = (bytes: Buffer): string => `wap_${bytes.toString('base64url')}`;

/** 256 random bits. */
export const newSecret = (): string => secretOfBytes(randomBytes(32));

const newId = (): string => Array.from(randomBytes(12), byte => ID_LETTERS[byte % 32]).join('');

/** A token that was looked up. */
type KnownToken = { readonly token: TokenRecord; readonly principal: Principal };

const principalOf = (token: TokenRecord): Principal => ({
  tokenId: token.id,
  tokenDisplayName: token.displayName,
  kind: token.kind,
  instance: token.instance,
  selector: token.selector,
  access: token.access,
  certificateSubject: token.certificateSubject,
});

const toToken = (record: TokenRecord): Token => ({
  id: record.id,
  kind: record.kind,
  instance: record.instance,
  selector: record.selector,
  access: record.access,
  displayName: record.displayName,
  createTime: record.createTime,
  expireTime: record.expireTime,
  lastUseTime: record.lastUseTime,
  certificateSubject: record.certificateSubject,
});

/**
 * Makes, checks and ends bearer tokens.
 *
 * @param key For the HMACs of secrets, and of what is secret in them; with another key no token is known.
 * @param recording What writes into the history what is done with a token.
 * @param isShared Whether others than these may change what is stored.
 * @param now Epoch milliseconds, which decide when a token expires.
 * @param uptime Milliseconds by a clock that is never set, which decide how long a check holds.
 */
export function tokens({
  store,
  key,
  recording = () => [],
  isShared = true,
  now = wallMs,
  uptime = clock,
}: {
  store: TokenStore;
  key: Buffer;
  recording?: (event: TokenEvent) => readonly Write[];
  isShared?: boolean;
  now?: () => number;
  uptime?: () => number;
}) {
  const cacheMs = isShared ? SHARED_CACHE_MS : Number.POSITIVE_INFINITY;
  const cache = tokenCache<KnownToken>(cacheMs, uptime);
  /** In epoch milliseconds. */
  let lastUses = new Map<string, number>();

  const hmacKey = createSecretKey(key); // Made anew from bytes it costs five times the rest.
  const secretsKey = createSecretKey(Buffer.from(hkdfSync('sha256', key, '', 'secrets', 32)));
  const digestOf = (secret: string): Buffer => createHmac('sha256', hmacKey).update(secret).digest();
  const expired = ({ expireTime }: Token): boolean =>
    expireTime !== undefined && expireTime.getTime() <= now();

  const watches = tokenExpiry(async id => {
    const token = await store.find(id);
    return token !== undefined && !expired(token);
  });

  const forget = (isEnded: (token: Token) => boolean): void => {
    cache.drop(isEnded);
    void watches.look();
  };

  async function lookUp(secret: string, secretHash: string): Promise<Principal | undefined> {
    const known = await cache.fill(secretHash, async () => {
      const digest = digestOf(secret);
      const token = await store.findByDigest(digest);
      if (token === undefined || !timingSafeEqual(token.digest, digest)) return undefined;
      return { token, principal: principalOf(token) };
    });
    return known && use(known);
  }

  function use({ token, principal }: KnownToken): Principal | undefined {
    if (expired(token)) return undefined;
    lastUses.set(token.id, now());
    return principal;
  }

  const newToken = (id: string, secret: string, wish: TokenWish): TokenRecord => ({
    id,
    kind: wish.kind,
    instance: wish.instance,
    selector: wish.selector,
    access: wish.access,
    displayName: wish.displayName,
    createTime: new Date(now()),
    expireTime: wish.expireTime,
    lastUseTime: undefined,
    digest: digestOf(secret),
    certificateSubject: wish.certificateSubject,
  });

  const notFound = (tokenId: string) => new PrivacyError({ kind: 'TOKEN_NOT_FOUND', tokenId });

  async function find(id: string): Promise<TokenRecord> {
    const token = await store.find(id);
    if (token === undefined || expired(token)) throw notFound(id);
    return token;
  }

  /** The same whenever it is asked for, so that it need not be stored: the id is random. */
  const secretOf = (tokenId: string, requestId: string): string =>
    secretOfBytes(
      createHmac('sha256', secretsKey)
        .update(JSON.stringify([tokenId, requestId.toLowerCase()]))
        .digest(),
    );

  const recorded = (kind: TokenEvent['kind'], token: TokenEvent['token'], author: Author) =>
    recording({ kind, token, author, time: new Date(now()) });

  function make(wish: TokenWish, author: Author) {
    const id = newId();
    const secret = author.requestId === '' ? newSecret() : secretOf(id, author.requestId);
    const record = newToken(id, secret, wish);
    return { record, token: toToken(record), secret, entry: recorded('TOKEN_CREATED', record, author) };
  }

  return {
    /**
     * A token that works once its `writes` are made, and until then does not exist. With the request_id of its author its
     * secret can be told again.
     */
    prepare(wish: TokenWish, author = NOBODY): { token: Token; secret: string; writes: readonly Write[] } {
      const { record, token, secret, entry } = make(wish, author);
      return { token, secret, writes: [store.putting(record), ...entry] };
    },

    /** Makes a token, and in the same commit writes what belongs to it; INSTANCE_NOT_FOUND. */
    async mint(
      wish: TokenWish,
      { author = NOBODY, along = () => [] }: Repeatable<Token> = {},
    ): Promise<{ token: Token; secret: string }> {
      const { record, token, secret, entry } = make(wish, author);
      await store.put(record, [...entry, ...along(token)]);
      return { token, secret };
    },

    /** The secret of a token that was made with this request_id. */
    secretOf,

    /** Whose secret it is, told at once when it is known; undefined when it is nobody's, or no longer. */
    verify(secret: string): Principal | undefined | Promise<Principal | undefined> {
      const secretHash = hash('sha256', secret, 'base64');
      const known = cache.get(secretHash);
      return known ? use(known) : lookUp(secret, secretHash);
    },

    /** For a call that lasts: tells within 5 s that its token has ended. */
    watch: (id: string): TokenWatch => watches.watch(id),

    /** Those that work, oldest first; `after` is the cursor of the page before. */
    async list(page: { after: string | undefined; limit: number }) {
      const { tokens: records, next } = await store.list({ ...page, now: new Date(now()) });
      // Another node may have written down a later one.
      const withLastUse = (token: Token) => {
        const lastUse = Math.max(lastUses.get(token.id) ?? 0, token.lastUseTime?.getTime() ?? 0);
        return { ...token, lastUseTime: lastUse === 0 ? undefined : new Date(lastUse) };
      };
      return { tokens: records.map(toToken).map(withLastUse), next };
    },

    /** Ends a token at once; TOKEN_NOT_FOUND. */
    async revoke(id: string, author = NOBODY): Promise<void> {
      const entry = recorded('TOKEN_REVOKED', await find(id), author);
      // The first token stays as expired: removed, it would be back with the next start.
      const isDone = await (id === FIRST_ID
        ? store.expire(id, new Date(now()), entry)
        : store.remove(id, entry));
      forget(token => token.id === id);
      if (!isDone) throw notFound(id);
    },

    /** Makes a token like the old one, which works for `graceMs` more; TOKEN_NOT_FOUND. */
    async rotate(
      id: string,
      graceMs: number,
      { author = NOBODY, along = () => [] }: Repeatable<Rotated> = {},
    ) {
      const old = await find(id);
      const { record, token, secret, entry } = make(old, author);
      const graceEnd = now() + graceMs;
      const previousExpireTime = new Date(Math.min(graceEnd, old.expireTime?.getTime() ?? graceEnd));
      const entries = [...entry, ...recorded('TOKEN_ROTATED', old, author)];
      const writes = [store.putting(record), ...entries, ...along({ token, previousExpireTime })];
      const isDone = await store.expire(id, previousExpireTime, writes);
      forget(ended => ended.id === id);
      if (!isDone) throw notFound(id); // Revoked meanwhile, which must not end in a token that works.
      return { token, secret, previousExpireTime };
    },

    /** Makes this secret the one of the first account token; one that was revoked stays so. */
    async ensureFirst(secret: string): Promise<void> {
      const known = await store.findByDigest(digestOf(secret));
      if (known?.id === FIRST_ID) return;
      const record = newToken(FIRST_ID, secret, FIRST);
      const kind = (await store.find(FIRST_ID)) ? 'TOKEN_ROTATED' : 'TOKEN_CREATED';
      await store.put(record, recorded(kind, record, NOBODY));
      forget(({ id }) => id === FIRST_ID || id === known?.id);
    },

    /** To be called when an instance was removed: its tokens went with it. */
    forgetInstance: (instance: string): void => forget(token => token.instance === instance),

    /** Looks up again what another node may have changed, as its news tell; without them a check holds for 5 s. */
    heard({ about, id = '', name }: NewsOfTokens): void {
      if (about === 'anything') {
        forget(() => true);
      } else if (about === 'instance') {
        void watches.look(cache.drop(token => token.instance === name));
      } else if (about === 'token') {
        cache.drop(token => token.id === id);
        void watches.look([id]);
      }
    },

    /** Stores when tokens were last used. To be called now and then, and at the end. */
    async flush(): Promise<void> {
      const uses = lastUses;
      lastUses = new Map();
      if (uses.size > 0) await store.touch(new Map([...uses].map(([id, ms]) => [id, new Date(ms)])));
    },

    /** Drops expired tokens from the store. To be called now and then. */
    prune: (): Promise<void> => store.prune(new Date(now()), FIRST_ID),
  };
}
