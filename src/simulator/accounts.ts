import type { KeyPair } from '@whiskeysockets/baileys';
import type { Connection } from './connection.js';
import type { KeyBundle } from './key-bundle.js';
import { digitsOf, newLid } from './people.js';
import type { BinaryNode } from './stanza.js';
import type { World } from './world.js';
import { newKeyPair } from './xeddsa.js';

/** A companion device, as the server knows it. */
export type Device = {
  readonly id: number;
  readonly noiseKey: Buffer;
  readonly linkTime: Date;
  readonly keys: KeyBundle;
  /** Notifications it has not acked, oldest first. */
  readonly unacked: BinaryNode[];
  /** What changed while it was away, by the names `<dirty>` uses for them; emptied by `<clean>`. */
  readonly dirty: Set<string>;
  connection: Connection | undefined;
};

/** One change of a setting that the server made: the oracle of every test. */
export type AppliedSet = {
  readonly time: number;
  readonly category: string;
  readonly value: string;
  /** The device that asked; 0 is the phone. */
  readonly device: number;
};

/** The contacts that a category excepts while its value is contact_blacklist. */
export type ContactList = {
  /** `dhash`: a later change has another. */
  readonly stamp: string;
  /** Phone numbers, digits only. */
  readonly members: ReadonlySet<string>;
};

/** How an account takes its contact lists: by LID once it was migrated, before that by phone number. */
export type Addressing = 'lid' | 'pn' | 'either';

/** One WhatsApp account: the server's side and its phone. */
export type Account = {
  /** Digits only. */
  readonly phoneNumber: string;
  /** The user part of its LID. */
  readonly lid: string;
  readonly name: string;
  /** The phone's identity key, which signs the identities of companions. */
  readonly identity: KeyPair;
  /** The value of each privacy category the account has. */
  readonly settings: Map<string, string>;
  /** By category; none where there never was a list. */
  readonly lists: Map<string, ContactList>;
  addressing: Addressing;
  disappearingMode: { duration: number; setAt: number };
  readonly devices: Map<number, Device>;
  /** Never used twice, also after a device was removed. */
  nextDevice: number;
  readonly sets: AppliedSet[];
};

/** What ten categories in one answer looked like live in February 2026 (whatsmeow PR 1075), with usual values. */
export const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  readreceipts: 'all',
  profile: 'all',
  status: 'all',
  online: 'all',
  last: 'all',
  groupadd: 'all',
  calladd: 'all',
  messages: 'all',
  defense: 'off',
  stickers: 'contacts',
};

/** What a test or a user may say about a new account. */
export type NewAccount = {
  /** E.164, with or without the plus. */
  readonly phoneNumber: string;
  readonly lid?: string;
  readonly name?: string;
  /** Values that differ from the usual ones; a category not named by anyone may be added. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The categories the account has; all of the usual ones and of `settings` when not said. */
  readonly categories?: readonly string[];
  /** The phone numbers that a category excepts; its value is contact_blacklist unless `settings` has another. */
  readonly lists?: Readonly<Record<string, readonly string[]>>;
  /** `lid` when not said. */
  readonly addressing?: Addressing;
};

export function newAccount(account: NewAccount): Account {
  const { phoneNumber, lid, name, settings, categories, addressing = 'lid' } = account;
  const lists = Object.entries(account.lists ?? {});
  const digits = digitsOf(phoneNumber);
  const excepting = Object.fromEntries(lists.map(([category]) => [category, 'contact_blacklist']));
  const values = Object.entries({ ...DEFAULT_SETTINGS, ...excepting, ...settings });
  return {
    phoneNumber: digits,
    lid: lid ?? newLid(),
    name: name ?? `Phone ${digits.slice(-4)}`,
    identity: newKeyPair(),
    settings: new Map(values.filter(([category]) => !categories || categories.includes(category))),
    lists: new Map(
      lists.map(([category, numbers]) => [
        category,
        { stamp: `${Date.now()}`, members: new Set(numbers.map(digitsOf)) },
      ]),
    ),
    addressing,
    disappearingMode: { duration: 0, setAt: 0 },
    devices: new Map(),
    nextDevice: 1,
    sets: [],
  };
}

export const jidOf = (account: Account, device = 0): string =>
  `${account.phoneNumber}${device ? `:${device}` : ''}@s.whatsapp.net`;

export const lidOf = (account: Account, device = 0): string =>
  `${account.lid}${device ? `:${device}` : ''}@lid`;

/** Notes a change in the account's record. */
export function recordSet(
  { journal }: Pick<World, 'journal'>,
  account: Account,
  category: string,
  value: string,
  device: number,
): void {
  account.sets.push({ time: Date.now(), category, value, device });
  journal.note(account.phoneNumber, { event: 'changed', category, value, device });
}
