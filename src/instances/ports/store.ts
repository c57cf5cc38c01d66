import type { ConnectionMode, Presence } from '../../domain/instance.js';
import type { Labels } from '../../domain/labels/labels.js';
import type { Write } from '../../domain/write.js';

/** What is stored of an instance besides its secrets. */
export type InstanceRecord = {
  readonly name: string;
  /** Another one of the same name has another; it is in no answer. */
  readonly uid: string;
  readonly displayName: string;
  /** What holds while nothing runs; the live states are the supervisor's. */
  readonly status: 'unlinked' | 'linked' | 'logged_out' | 'suspended' | 'conflict';
  readonly statusReason: string;
  /** E.164; empty until an account was linked, and kept after a logout so that a relink can be checked. */
  readonly phoneNumber: string;
  readonly createTime: Date;
  readonly linkTime: Date | undefined;
  readonly lastConnectTime: Date | undefined;
  /** When a suspended instance is tried again. */
  readonly retryTime: Date | undefined;
  /** Undefined when the service's own holds. */
  readonly connectionMode: ConnectionMode | undefined;
  /** URL with user and password; undefined when the service's own holds. `UNREADABLE_PROXY` when it is damaged. */
  readonly proxy: string | undefined;
  readonly lastPresenceTime: Date | undefined;
  /** Undefined when the service's own holds. */
  readonly presence: Presence | undefined;
  /** Counts the changes that callers made to it. */
  readonly revision: number;
  readonly labels: Labels;
};

/** What a link, or the end of one, makes of a record. */
export type LinkRecord = Pick<
  InstanceRecord,
  'status' | 'statusReason' | 'phoneNumber' | 'linkTime' | 'retryTime'
>;

/** An instance to make, and what belongs to it. */
export type NewInstance = { readonly record: InstanceRecord; readonly along: readonly Write[] };

/** The instances. What is to be written `along` is, in the same commit. */
export interface InstanceStore {
  /** Makes it, or nothing and nothing along; false when the name is taken. */
  create(record: InstanceRecord, along?: readonly Write[]): Promise<boolean>;
  /**
   * The same of many in one commit, and in it what is to be written then.
   */
  createEach(
    news: readonly NewInstance[],
    alongWithAll?: (made: readonly boolean[]) => readonly Write[],
  ): Promise<readonly boolean[]>;
  /** All, ordered by name. A phone number that is damaged is left out, and `statusReason` says so. */
  list(): Promise<InstanceRecord[]>;
  /** Those of these that are there, in no order; damaged numbers as in `list`. */
  find(names: readonly string[]): Promise<InstanceRecord[]>;
  /** Changes nothing of an instance that is not there. */
  update(
    name: string,
    patch: Partial<Omit<InstanceRecord, 'name' | 'uid' | 'createTime'>>,
    along?: readonly Write[],
  ): Promise<void>;
  /** Stores when instances were connected last, in one transaction; those that are not there are left out. */
  connected(times: ReadonlyMap<string, Date>): Promise<void>;
  /** The same for when they last told their presence. */
  presenceTold(times: ReadonlyMap<string, Date>): Promise<void>;
  /** Forgets the instance with its secrets, tokens and the answers that speak of it; its history stays. */
  remove(name: string, along?: readonly Write[]): Promise<void>;
}

/** One Signal key to write, or with `undefined` to forget. */
export type KeyChange = {
  readonly type: string;
  readonly id: string;
  readonly value: Uint8Array | undefined;
};

/**
 * The secrets of linked accounts. A write is durable when its promise fulfils. A read that fails rejects: it never
 * looks like "no credentials", for that would end in a second identity. What is to be written `along` is, in the same
 * commit.
 */
export interface CredentialStore {
  /** Undefined when the instance was never linked or was unlinked. Rejects too when its phone number is damaged. */
  load(instance: string): Promise<Uint8Array | undefined>;
  /** Rejects when the instance has none yet: only `saveLink` makes an identity. */
  save(instance: string, credentials: Uint8Array): Promise<void>;
  /**
   * In one transaction: these credentials and no keys, in place of whatever there was, and the record linked; with
   * another phone number than the record's the answers that speak of its account are forgotten. Fulfils with what it
   * wrote of the record.
   */
  saveLink(
    instance: string,
    credentials: Uint8Array,
    link: { phoneNumber: string; linkTime: Date },
    along?: readonly Write[],
  ): Promise<LinkRecord>;
  /**
   * In one transaction: forgets credentials, keys and the answers that speak of the account, and the record is unlinked
   * and without a number. Fulfils with what it wrote of the record.
   */
  clear(instance: string, along?: readonly Write[]): Promise<LinkRecord>;
  loadKeys(instance: string, type: string, ids: readonly string[]): Promise<Map<string, Uint8Array>>;
  /** All or none; rejects when the instance has no credentials. */
  saveKeys(instance: string, changes: readonly KeyChange[]): Promise<void>;
}
