import type { Actor } from '../../domain/author.js';
import type { OutcomeState } from '../../domain/outcome.js';
import type { Setting } from '../../domain/settings/settings-table.js';
import type { Write } from '../../domain/write.js';
import type { Selection } from './orders.js';

/** Who made a change. */
export type Origin = 'THIS_SERVICE' | 'OTHER_DEVICE';

/** Who made each change that two reads show. */
export type Origins = ReadonlyMap<Setting, Origin>;

/** What an entry of the history tells of. */
export type ChangeKind =
  | 'SETTING_CHANGED'
  | 'SETTING_RESOLVED'
  | 'INSTANCE_CREATED'
  | 'INSTANCE_UPDATED'
  | 'INSTANCE_LINKED'
  | 'INSTANCE_UNLINKED'
  | 'INSTANCE_LOGGED_OUT'
  | 'INSTANCE_DELETED'
  | 'TOKEN_CREATED'
  | 'TOKEN_ROTATED'
  | 'TOKEN_REVOKED';

/** A change of one setting, made or tried. */
export type SettingChange = {
  readonly setting: Setting;
  readonly oldValue: string | undefined;
  readonly newValue: string;
  readonly outcome: OutcomeState;
  readonly whatsappCode: number | undefined;
  /** How often it was sent once more after its connection had ended. */
  readonly resends: number;
};

/** What is written into the history. */
export type NewChange = {
  /** `resolve` writes the kind that is missing. */
  readonly kind: Exclude<ChangeKind, 'SETTING_RESOLVED'>;
  /** Empty when it is about none. */
  readonly instance: string;
  /** Of the instance; undefined for that of the present one of this name, if there is one. */
  readonly instanceUid: string | undefined;
  readonly time: Date;
  /** Undefined when nobody asked this service. */
  readonly actor: Actor | undefined;
  /** Undefined when that is not known. */
  readonly origin: Origin | undefined;
  /** The idempotency id of the call; empty when it had none. */
  readonly requestId: string;
  /** Of the kinds about settings. */
  readonly change: SettingChange | undefined;
  /** Of the kinds about tokens: the token it is about; empty otherwise. */
  readonly tokenId: string;
};

/** An entry of the history. */
export type ChangeRecord = Omit<NewChange, 'kind'> & {
  readonly id: number;
  readonly kind: ChangeKind;
  /** How a change turned out, and when that came to light, when that is not what its outcome says. */
  readonly resolution: { readonly outcome: OutcomeState; readonly time: Date } | undefined;
  /** Of a SETTING_RESOLVED: the change that turned out like this. */
  readonly resolvedId: number | undefined;
};

/** How an entry of the history turned out after it was written. */
export type ChangeResolution = {
  readonly instance: string;
  readonly instanceUid: string;
  readonly setting: Setting;
  /** Of the entry. */
  readonly entryTime: Date;
  readonly outcome: OutcomeState;
  readonly resolveTime: Date;
};

/** Which entries are meant: those that are as each part says. A part that is undefined takes all. */
export type ChangeFilter = {
  /** About instances of these names, those that were deleted too. */
  readonly instances?: readonly string[] | undefined;
  /** About these instances, and none that had their names before. */
  readonly instanceUids?: readonly string[] | undefined;
  /** From this time on. */
  readonly start?: Date | undefined;
  /** Before this time. */
  readonly end?: Date | undefined;
  readonly settings?: readonly Setting[] | undefined;
  readonly origins?: readonly Origin[] | undefined;
  readonly kinds?: readonly ChangeKind[] | undefined;
};

/** The history that a caller may read. */
export type HistoryQuery = Omit<ChangeFilter, 'instances' | 'instanceUids'> & {
  /** The instances that the token covers and the request means. */
  readonly selection: Selection;
  /** An ACCOUNT token covers instances that were deleted, and what is about none. */
  readonly isAccount: boolean;
};

/**
 * The history of changes, of instances and tokens. It outlives the instances that it tells of.
 *
 * An engine promises the order of its ids: they are given in the commit that writes the entries, and these commits follow
 * one another. So when an id can be read no smaller one is still to come, and who has read on to an id has missed nothing.
 * (PostgreSQL, as SQLite: by the lock on the one row that counts them. A sequence would not do.)
 */
export interface ChangeLog {
  /** All or none. */
  append(changes: readonly NewChange[]): Promise<void>;
  /** What `append` writes. */
  appending(changes: readonly NewChange[]): readonly Write[];
  /**
   * Adds to an entry of this service how it turned out, and tells so in an entry of its own. Another resolution later
   * takes its place; the same once more is none.
   */
  resolve(resolution: ChangeResolution): Promise<void>;
  /** The changes of settings that are UNKNOWN and unresolved, each the newest of its setting. */
  unresolved(instanceUid: string): Promise<ChangeRecord[]>;
  /**
   * The highest id first. A page may have fewer entries than its limit when many had to be looked at; `next` is the
   * cursor of the page after it. INVALID_REQUEST when `after` is none.
   */
  list(
    filter: ChangeFilter,
    page: { after: string | undefined; limit: number },
  ): Promise<{ changes: ChangeRecord[]; next: string | undefined }>;
  /**
   * Those behind an id, up to another when it is given, in the order of the ids. As for pages; `lookedAt` is the id to go
   * on behind.
   */
  listAfter(
    filter: ChangeFilter,
    id: number,
    limit: number,
    upTo?: number,
  ): Promise<{ changes: ChangeRecord[]; lookedAt: number; more: boolean }>;
  /** The highest id that was given; 0 for none. */
  newestId(): Promise<number>;
  /** Whether there are entries about an instance of this name. */
  knows(instance: string): Promise<boolean>;
  /** Calls back after each commit that added entries, until it is disposed of. */
  onGrowth(grown: () => void): Disposable;
  /** Forgets entries of before that time, the oldest first and at most `limit`; how many they were. */
  prune(before: Date, limit: number): Promise<number>;
}
