import type { ConnectionMode, Instance, InstanceState, Presence } from '../domain/instance.js';
import type { LabelChange, Labels } from '../domain/labels/labels.js';
import type { UpdateReport } from '../domain/outcome.js';
import type { Contact, ListSetting } from '../domain/settings/contact-list.js';
import type { Snapshot } from '../domain/settings/snapshot.js';
import type { Write } from '../domain/write.js';
import type { LinkEvent } from './linking/link-instance.js';
import type { ChangeRecord, HistoryQuery } from './ports/history.js';
import type {
  CallOptions,
  LinkOrder,
  ListOrder,
  ListReport,
  Selection,
  UpdateOrder,
} from './ports/orders.js';
import type { WatchEvent } from './watching/watch-reader.js';

/** What callers decide about an instance. */
export type InstanceProperties = {
  readonly displayName: string;
  /** Undefined for the service's own. */
  readonly connectionMode?: ConnectionMode | undefined;
  /** URL with user and password; undefined for the service's own. */
  readonly proxy?: string | undefined;
  /** Undefined for the service's own. */
  readonly presence?: Presence | undefined;
};

/** An instance to make. */
export type NewInstanceOrder = { readonly name: string; readonly labels?: Labels } & InstanceProperties;

/** One to make, and what is written along when it is like this. */
export type CreatePlan = {
  readonly wanted: NewInstanceOrder;
  readonly along: (made: Instance) => readonly Write[];
};

/**
 * The instances of this service and what can be done with them: what the API calls. Every method throws
 * `PrivacyError`; all but `create` and `list` with INSTANCE_NOT_FOUND.
 */
export interface Instances {
  /**
   * Makes an instance, and in the same commit writes what belongs to it; INSTANCE_ALREADY_EXISTS.
   *
   * @param along What that is, when the instance is like this.
   */
  create(
    wanted: NewInstanceOrder,
    call: Pick<CallOptions, 'author'>,
    along?: (made: Instance) => readonly Write[],
  ): Promise<Instance>;
  /**
   * The same of many in one commit; undefined for one whose name is taken.
   *
   * @param alongWithAll What is written along when they are like this.
   */
  createEach(
    plans: readonly CreatePlan[],
    call: Pick<CallOptions, 'author'>,
    alongWithAll: (made: readonly (Instance | undefined)[]) => readonly Write[],
  ): Promise<readonly (Instance | undefined)[]>;
  get(name: string): Instance;
  /**
   * As it is stored, wherever it runs, in the state in which the next node to run it will find it; undefined when there is no
   * such instance.
   */
  stored(name: string): Instance | undefined;
  /** Undefined when there is no such instance. */
  labelsOf(name: string): Labels | undefined;
  /**
   * Changes what is given; `connectionMode`, `presence` or `proxy` undefined: the service's own. ETAG_MISMATCH when
   * `etag` is given and stale, INVALID_REQUEST when it would have too many labels.
   */
  update(
    name: string,
    changed: Partial<InstanceProperties> & { readonly labels?: LabelChange },
    call: Pick<CallOptions, 'author'>,
    etag?: string,
  ): Promise<Instance>;
  /** The names of those that are selected, in their order. */
  select(selection: Selection): readonly string[];
  /** Of those that are selected, ordered by name, those after `after` first; `more` tells whether a further page follows. */
  list(
    page: { after: string; limit: number; state: InstanceState | undefined },
    selection?: Selection,
  ): { instances: Instance[]; more: boolean };
  /** Unlinks and forgets; ETAG_MISMATCH when `etag` is given and stale. */
  delete(name: string, etag: string | undefined, call: CallOptions): Promise<void>;
  /** Ends after `linked`, or throws. Leaving the iteration ends the attempt, unless a phone has agreed to it. */
  link(name: string, order: LinkOrder, call: CallOptions): AsyncIterable<LinkEvent>;
  /** Answers the passkey request of the link that is being made, with an assertion that is used once. */
  submitPasskeyAssertion(name: string, assertionJson: string): void;
  /** Says that the phone shows the confirmation code of the link that is being made. */
  confirmPasskeyCode(name: string, code: string): void;
  /** Takes over a device that is linked already: `content` is Baileys' `creds.json`. Fulfils once it is connected. */
  import(name: string, content: Uint8Array, call: CallOptions): Promise<Instance>;
  unlink(name: string, call: CallOptions): Promise<Instance>;
  /** Connects now; one that was logged out or suspended is tried once, with the credentials that were kept. */
  reconnect(name: string, call: CallOptions): Promise<Instance>;
  /** `maxAgeMs` undefined: ask WhatsApp now. */
  readSettings(name: string, maxAgeMs: number | undefined, call: CallOptions): Promise<Snapshot>;
  /** What `readSettings` would bring without asking or waiting; undefined where it would have to. */
  knownSettings(name: string, maxAgeMs: number | undefined): Snapshot | undefined;
  /** `readSettings` of several, a bounded number at once; what is not read in the caller's time has failed. */
  readEach(
    names: readonly string[],
    maxAgeMs: number | undefined,
    call: CallOptions,
  ): Promise<PromiseSettledResult<Snapshot>[]>;
  /** Fulfils when every requested setting has the requested value, or would have with `validateOnly`. */
  updateSettings(name: string, order: UpdateOrder, call: CallOptions): Promise<UpdateReport>;
  /** Asks WhatsApp now; nobody while the setting has another value than `contact_blacklist`. */
  readContactList(name: string, setting: ListSetting, call: CallOptions): Promise<readonly Contact[]>;
  /** Fulfils when the list is as wanted and the setting is `contact_blacklist`, or would be with `validateOnly`. */
  updateContactList(name: string, order: ListOrder, call: CallOptions): Promise<ListReport>;
  /**
   * The history, newest first; behind an id in the order of ids. `after` is the `next` of the page before.
   * INSTANCE_NOT_FOUND when the history knows no instance of a name either.
   */
  listChanges(
    query: HistoryQuery,
    page: { startAfter: number | undefined; after: string | undefined; limit: number },
  ): Promise<{ changes: ChangeRecord[]; next: string | undefined }>;
  /**
   * The settings of each instance, then what happens to them, until the signal aborts. A reader who falls behind gets
   * the newest state of each instance, and every entry of the history.
   *
   * @param selection As long as each is selected; of all, later ones included.
   * @param history Which entries are told, behind which one; undefined for none.
   */
  watch(
    selection: Selection,
    heartbeatMs: number,
    signal: AbortSignal,
    history?: { readonly query: HistoryQuery; readonly startAfter: number },
  ): AsyncIterable<WatchEvent>;
}
