import type { Actor, Author } from '../../domain/author.js';
import type { Selector } from '../../domain/labels/selector.js';
import type { OnFailure, Outcome } from '../../domain/outcome.js';
import type { Contact, ContactId, ListSetting } from '../../domain/settings/contact-list.js';
import type { Wishes } from '../../domain/settings/snapshot.js';
import type { PasskeyWishes } from './passkey-steps.js';
import type { LinkMethod } from './ports.js';

/** How long a call may take and who stopped waiting. */
export type CallOptions = {
  /** By the clock; nothing new is started after it. */
  readonly deadline: number;
  /** Aborts when the caller has gone. A change that was sent is followed to its outcome all the same. */
  readonly signal: AbortSignal;
  /** Undefined for what the service does by itself. */
  readonly author?: Author | undefined;
  /** An instance that is being dialled is waited for until that dial has ended: a fleet that starts has its turns. */
  readonly waitsForDial?: boolean;
  /** Is waited for before the first stanza leaves that changes something; throws when none may. */
  readonly beforeSending?: () => Promise<void>;
  /**
   * Of a question that finds out what became of an update whose node was lost: the idempotency id of that one. The history
   * gets what it finds.
   */
  readonly followsUp?: string;
};

/** Some of the instances. */
export type Selection = {
  /** Only these; all when there are none. */
  readonly names: readonly string[];
  /** Only those that it matches. */
  readonly selector: Selector;
};

/** An order to link an instance. */
export type LinkOrder = LinkMethod & {
  /** Undefined when the caller cannot answer for a passkey. */
  readonly passkey?: PasskeyWishes | undefined;
};

/** An update of one instance. */
export type UpdateOrder = {
  readonly wishes: Wishes;
  readonly onFailure: OnFailure;
  readonly validateOnly: boolean;
  /** Refuse when the settings have another etag; undefined for no check. */
  readonly etag: string | undefined;
  readonly actor: Actor;
  /** The idempotency id of the call; empty when it has none. */
  readonly requestId: string;
  /** Once begun it goes on to its end, also when the caller has gone. */
  readonly unattended?: true;
};

/** A change of the list of contacts that a setting excepts. */
export type ListOrder = {
  readonly setting: ListSetting;
  readonly add: readonly ContactId[];
  readonly remove: readonly ContactId[];
  /** Make the list exactly `add`. */
  readonly replace: boolean;
  readonly validateOnly: boolean;
  /** Refuse when the list has another etag; undefined for no check. */
  readonly etag: string | undefined;
  readonly actor: Actor;
  /** The idempotency id of the call; empty when it has none. */
  readonly requestId: string;
};

/** The end of such a change. */
export type ListReport = {
  /** The list as it was read after it; with `validateOnly` as it would be, undefined where that cannot be known. */
  readonly contacts: readonly Contact[] | undefined;
  /** Of the list as it is. */
  readonly etag: string;
  readonly outcome: Outcome;
  /** Whether any change left for WhatsApp. */
  readonly sent: boolean;
};
