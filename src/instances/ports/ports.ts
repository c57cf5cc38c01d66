import type { Disconnect } from '../../domain/disconnect.js';
import type { InstanceState, OfflineQueueState, Presence } from '../../domain/instance.js';
import type {
  Contact,
  ContactId,
  ContactList,
  ListDelta,
  ListSetting,
} from '../../domain/settings/contact-list.js';
import type { Setting } from '../../domain/settings/settings-table.js';
import type { Snapshot } from '../../domain/settings/snapshot.js';
import type { Write } from '../../domain/write.js';
import type { DeviceReader } from './imported-device.js';
import type { PasskeyCaller, PasskeyEnd } from './passkey-steps.js';
import type { LinkRecord } from './store.js';

/** WhatsApp's answer to a read. */
export type ReadReply =
  | {
      readonly kind: 'read';
      readonly snapshot: Snapshot;
      /** How old the disappearing timer in it is, in milliseconds, where this read did not ask for it. */
      readonly timerAgeMs?: number;
    }
  | Refused
  | NoAnswer;

/** WhatsApp's answer to a read of a list of excepted contacts. */
export type ListReply = { readonly kind: 'read'; readonly list: ContactList } | Refused | NoAnswer;

/** WhatsApp's answer to who some ids stand for. */
export type FindReply =
  /** By the id asked for; those who are not on WhatsApp, and LIDs without a known phone number, are missing. */
  { readonly kind: 'found'; readonly contacts: ReadonlyMap<ContactId, Contact> } | Refused | NoAnswer;

/** WhatsApp's answer to a change of one setting. */
export type SetReply =
  /** A result that holds exactly this category with exactly this value. */
  | { readonly kind: 'confirmed' }
  /** An error stanza or `value="error"` with a code below 500; WhatsApp made no change. */
  | Refused
  /**
   * The connection had ended before the stanza left, or WhatsApp refused what had to be asked before it; no change was
   * made.
   */
  | { readonly kind: 'not_sent'; readonly refusal?: Refused }
  | NoAnswer;

/** WhatsApp's answer to the wish to remove this device; no error of it proves that the device is still there. */
export type LogoutReply = { readonly kind: 'confirmed' } | NoAnswer;

/**
 * Is given what comes for a change whose reply was `no_answer` with `timeout`: the answer after all, or `closed` at the
 * end of the connection. Until then the change may still take effect.
 */
export type OnLate = (reply: SetReply) => void;

/** Is called as an answer of WhatsApp arrives, before anybody is given it: so answers can be put in their order. */
export type OnArrival = () => void;

/** Is told, as the question leaves, of how many numbers WhatsApp is asked whose they are. */
export type OnLookUp = (numbers: number) => void;

/** WhatsApp said no. */
export type Refused = { readonly kind: 'refused'; readonly code: number; readonly text: string };

/** Nothing that proves an effect or its absence. */
export type NoAnswer = {
  readonly kind: 'no_answer';
  /** `unclear`: a reply that fits no rule; `fault`: WhatsApp reported a fault of its own, with `code`. */
  readonly cause: 'timeout' | 'closed' | 'fault' | 'unclear';
  readonly code?: number;
};

/** What WhatsApp kept for a device while it was not connected, and sends it after the login. */
export type OfflineQueue = {
  /** Until it is drained WhatsApp tells of no later change; a stalled one has brought nothing for a while. */
  readonly state: OfflineQueueState;
  /** How long what was read holds while no push says otherwise, in milliseconds. */
  trustMs(): number;
  /** Calls the listener when the state has changed. */
  onChange(listener: () => void): void;
};

/** The live connection of one linked account. No method rejects: every end is data. */
export interface Session {
  /** Fulfils when the connection has ended. */
  readonly ended: Promise<Disconnect>;
  readonly offlineQueue: OfflineQueue;
  /** Reads all settings with one IQ, and another one beside it where the disappearing timer is not known. */
  readPrivacy(timeoutMs: number, onArrival?: OnArrival): Promise<ReadReply>;
  /** What reads have shown of the disappearing timer is not new enough: the next one asks for it. */
  forgetTimer(): void;
  /** Changes one setting with one IQ. */
  setPrivacy(
    setting: Setting,
    value: string,
    timeoutMs: number,
    onLate?: OnLate,
    onArrival?: OnArrival,
  ): Promise<SetReply>;
  /**
   * Reads the contacts that a setting excepts, with one IQ; an account whose lists are by phone number costs one more
   * on each connection. Nobody is told while the setting has another value.
   */
  readContactList(setting: ListSetting, timeoutMs: number): Promise<ListReply>;
  /**
   * Changes that list from the state with this stamp, and the setting to `contact_blacklist`, with one IQ; with one
   * more before it for contacts whose LID neither the list nor this connection tells.
   */
  changeContactList(
    setting: ListSetting,
    delta: ListDelta,
    stamp: string | undefined,
    timeoutMs: number,
    onLookUp: OnLookUp,
    onLate?: OnLate,
  ): Promise<SetReply>;
  /** Of how many of them WhatsApp would be asked; the others this connection remembers, or nobody knows. */
  lookUpsFor(ids: readonly ContactId[]): number;
  /** Finds contacts by what this connection remembers, and the others by one IQ. */
  findContacts(ids: readonly ContactId[], timeoutMs: number, onLookUp: OnLookUp): Promise<FindReply>;
  /** Says whether the device is available; false when that did not leave. */
  tellPresence(presence: 'available' | 'unavailable'): Promise<boolean>;
  /** Asks WhatsApp to remove this device. Ends the session. */
  logout(timeoutMs: number): Promise<LogoutReply>;
  /** Ends the session; resolves when the socket is gone. */
  close(): Promise<void>;
}

/** What a caller has to show to the phone while linking. */
export type LinkCode = {
  readonly kind: 'qr' | 'pairing_code';
  readonly code: string;
  readonly expiresAt: Date;
};

/** How to link. */
export type LinkMethod =
  | { readonly kind: 'qr' }
  | { readonly kind: 'pairing_code'; readonly phoneNumber: string };

/** How an attempt to link ended; `unreached` when WhatsApp had not answered the dial, and was asked nothing. */
export type LinkResult = LinkEnd & { readonly unreached?: boolean };

/** Only what has a `record` leaves anything behind: the store holds that now. */
type LinkEnd =
  /** The new credentials are stored and pair-success is answered; now connect with them. */
  | { readonly kind: 'linked'; readonly record: LinkRecord }
  /** Nobody used the code in time, or went on with the passkey. */
  | ({ readonly kind: 'timed_out' } & PasskeyEnd)
  /** The phone that used the code has another number than the instance; the link was not completed. */
  | { readonly kind: 'other_account' }
  /** WhatsApp asked for the passkey of the account, and the caller cannot answer. */
  | { readonly kind: 'passkey_required' }
  /** WhatsApp said no to the passkey, or to a step after it. */
  | ({ readonly kind: 'passkey_refused' } & Omit<Refused, 'kind'>)
  | Refused
  | {
      readonly kind: 'disconnected';
      readonly disconnect: Disconnect;
      /** Of an instance whose new link was stored and then cleared, for WhatsApp was not told of it. */
      readonly record?: LinkRecord;
    }
  | ({ readonly kind: 'cancelled' } & PasskeyEnd);

/** WhatsApp, as far as this service uses it. */
export interface WhatsApp extends DeviceReader {
  /**
   * Connects with the stored credentials; resolves once WhatsApp accepted the login. Has its own deadline.
   * `onPrivacyPush` is called when WhatsApp says that settings changed, also for changes missed while offline.
   */
  connect(
    instance: string,
    options: {
      /** Its own, the only way there then; undefined for that of the node. */
      proxy?: string | undefined;
      signal: AbortSignal;
      onPrivacyPush: () => void;
      /** Whether the session may ask something by itself: not while WhatsApp wants the account to wait. */
      mayAsk?: () => boolean;
      /** Asked before each stanza: from the first false on none leaves, and the connection ends. Undefined: always. */
      mayAct?: (() => boolean) | undefined;
    },
  ): Promise<
    | { readonly kind: 'open'; readonly session: Session }
    | { readonly kind: 'failed'; readonly disconnect: Disconnect }
  >;
  /**
   * Links a phone to the instance: calls `onCode` with every code to show, each in place of the one before.
   * Refuses a phone whose number is not `expectedPhoneNumber` (E.164) when that is given.
   */
  link(
    instance: string,
    method: LinkMethod,
    options: {
      /** As for `connect`. */
      proxy?: string | undefined;
      /** As for `connect`. */
      mayAct?: (() => boolean) | undefined;
      signal: AbortSignal;
      expectedPhoneNumber: string | undefined;
      onCode: (code: LinkCode) => void;
      /** What is to be written in the commit that stores the link, or forgets it again. */
      recording?: (kind: 'INSTANCE_LINKED' | 'INSTANCE_UNLINKED') => readonly Write[];
      /** Undefined when nobody can answer for a passkey. */
      passkey?: PasskeyCaller | undefined;
    },
  ): Promise<LinkResult>;
}

/** What this folder tells the operator. */
export interface InstanceLog {
  /** WhatsApp refuses this client, whichever instance connects; told once, until it is taken again. */
  clientRefused(refusal: { reason: string }): void;
  clientAccepted(): void;
  instanceStateChanged(change: { instance: string; state: InstanceState; reason: string }): void;
  /** The device said that it is unavailable, or available and then unavailable. */
  presenceTold(told: { instance: string; presence: Presence }): void;
  /** It has said nothing of being available for so long that WhatsApp may soon log it out. */
  presenceOverdue(overdue: { instance: string; days: number }): void;
  /** Something of our own failed; the service goes on. */
  taskFailed(failure: { task: string; instance: string; cause: unknown }): void;
}
