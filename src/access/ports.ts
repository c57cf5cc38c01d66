import type { Author } from '../domain/author.js';
import type { Selector } from '../domain/labels/selector.js';
import type { Write } from '../domain/write.js';

/** A bearer token as stored: never its secret. */
export type TokenRecord = {
  /** Public; names the token in the API and in the history. */
  readonly id: string;
  readonly kind: 'ACCOUNT' | 'INSTANCE' | 'SELECTOR';
  /** The instance that an INSTANCE token covers; undefined for others. */
  readonly instance: string | undefined;
  /** Which instances a SELECTOR token covers; undefined for others. */
  readonly selector: Selector | undefined;
  readonly access: 'READ_ONLY' | 'READ_WRITE';
  readonly displayName: string;
  readonly createTime: Date;
  readonly expireTime: Date | undefined;
  readonly lastUseTime: Date | undefined;
  /** HMAC-SHA-256 of the secret. */
  readonly digest: Uint8Array;
  /** A name that the caller's client certificate must have; undefined: it needs none. */
  readonly certificateSubject: string | undefined;
};

/** What the history tells of a token. */
export type TokenEvent = {
  readonly kind: 'TOKEN_CREATED' | 'TOKEN_ROTATED' | 'TOKEN_REVOKED';
  readonly token: Pick<TokenRecord, 'id' | 'instance'>;
  readonly author: Author;
  readonly time: Date;
};

/** News of another node: of a token, of an instance that may be gone with its tokens, or that some were missed. */
export type NewsOfTokens = { readonly about: string; readonly id?: string; readonly name?: string };

/**
 * The tokens. What somebody edited past the store is none of them. What is to be written `along` is in the same commit,
 * or not at all when there is no such token.
 */
export interface TokenStore {
  /** Replaces the tokens with the same id or digest; INSTANCE_NOT_FOUND when its instance is not there. */
  put(record: TokenRecord, along?: readonly Write[]): Promise<void>;
  /** What `put` writes for a token that is new. */
  putting(record: TokenRecord): Write;
  findByDigest(digest: Uint8Array): Promise<TokenRecord | undefined>;
  find(id: string): Promise<TokenRecord | undefined>;
  /**
   * Those that have not expired, oldest first; `after` is the cursor of the page before. INVALID_REQUEST when it is
   * none.
   */
  list(page: {
    after: string | undefined;
    limit: number;
    now: Date;
  }): Promise<{ tokens: TokenRecord[]; next: string | undefined }>;
  /** Sets when a token stops working; false when there is none. */
  expire(id: string, expireTime: Date, along?: readonly Write[]): Promise<boolean>;
  /** Writes the times of last use, by token id; one that is earlier than what is stored is left out. */
  touch(uses: ReadonlyMap<string, Date>): Promise<void>;
  /** False when there was none. */
  remove(id: string, along?: readonly Write[]): Promise<boolean>;
  /** Forgets the expired, but for the one with the id `keep`. */
  prune(now: Date, keep: string): Promise<void>;
}

/** The first answer to a request with a request_id, kept so that a repetition gets it again. */
export type AnsweredRequest = {
  /** SHA-256 of the request's bytes; another digest under the same key is another request. */
  readonly digest: Uint8Array;
  /** The answer's bytes, a response or a status. */
  readonly answer: Uint8Array;
  readonly status: 'response' | 'error';
};

/** What an answer speaks of: an instance, or the account that is linked to it. */
export type AnswerSubject = { readonly kind: 'instance' | 'account'; readonly instance: string };

/** An answer to keep. */
export type KeptAnswer = AnsweredRequest & {
  readonly key: string;
  readonly expireTime: Date;
  /** It is forgotten with this: with an instance that is removed, with an account that is unlinked. */
  readonly subject: AnswerSubject | undefined;
};

/** Answers by request id. */
export interface RequestLog {
  /** Undefined when there is none, or it has expired or been forgotten. */
  find(key: string, now: Date): Promise<AnsweredRequest | undefined>;
  /** Keeps nothing when what the answer speaks of is there no more. */
  save(kept: KeptAnswer): Promise<void>;
  /** The same, unless there is an answer by now; then false. */
  saveFirst(kept: KeptAnswer, now: Date): Promise<boolean>;
  /** What `saveFirst` writes; where there is an answer by now the commit fails that it belongs to. */
  saving(kept: KeptAnswer, now: Date): readonly Write[];
  /** Drops expired ones, at most `limit`; how many they were. */
  prune(now: Date, limit: number): Promise<number>;
}

/** How far an update of many instances is. */
export type KeptApply = {
  readonly startTime: Date;
  /** Undefined while it runs, and when it was cut off. */
  readonly endTime: Date | undefined;
  readonly totalCount: number;
  readonly succeededCount: number;
  readonly failedCount: number;
};

/** How one of its instances ended. */
export type ApplyResult = {
  readonly place: number;
  readonly instance: string;
  /** Undefined until it has. */
  readonly status: AnsweredRequest['status'] | undefined;
  /** Undefined until then, and when what it speaks of is gone. */
  readonly answer: Uint8Array | undefined;
};

/** Updates of many instances by request id. */
export interface ApplyLog {
  /** Keeps that it begins; unless it is the first under its key, with the results there are. */
  begin(apply: {
    readonly key: string;
    readonly instances: readonly string[];
    readonly startTime: Date;
    readonly expireTime: Date;
    readonly isFirst: boolean;
  }): Promise<void>;
  /** Keeps how one of its instances ended; what is said of it as `RequestLog` does. */
  saveResult(key: string, place: number, result: Omit<KeptAnswer, 'key'>): Promise<void>;
  /** Keeps that nothing of it goes on. */
  end(key: string, endTime: Date): Promise<void>;
  /** Undefined when there is none, or it has expired. */
  find(key: string, now: Date): Promise<KeptApply | undefined>;
  /** In order, so many from this place on. */
  results(key: string, page: { readonly from: number; readonly limit: number }): Promise<ApplyResult[]>;
  /** Drops expired ones, at most `limit`; how many they were. */
  prune(now: Date, limit: number): Promise<number>;
}
