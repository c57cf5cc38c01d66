import { wallMs } from '../../domain/time/wall-time.js';
import { newKeyPair } from '../wire/xeddsa.js';
import { digitsOf, newLid } from './directory.js';
import { type ForeignPasskey, newPasskey } from './passkey.js';
import type { Account, Addressing, World } from './world.js';

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
  /** Whether WhatsApp links it only with its passkey, which the phone has or another authenticator. */
  readonly passkey?: boolean | ForeignPasskey;
  /** That of `behaviour` when not said. */
  readonly inactivityDays?: number;
};

export function newAccount(account: NewAccount): Account {
  const { phoneNumber, lid, name, settings, categories, addressing = 'lid', passkey = false } = account;
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
        { stamp: `${wallMs()}`, members: new Set(numbers.map(digitsOf)) },
      ]),
    ),
    addressing,
    blocked: new Set(),
    disappearingMode: { duration: 0, setAt: 0 },
    devices: new Map(),
    nextDevice: 1,
    sets: [],
    passkey: passkey ? newPasskey(passkey === true ? undefined : passkey) : undefined,
    confirmationCode: undefined,
    inactivityDays: account.inactivityDays,
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
  account.sets.push({ time: wallMs(), category, value, device });
  const list = value === 'contact_blacklist' ? account.lists.get(category) : undefined;
  journal.note(account.phoneNumber, {
    event: 'changed',
    category,
    value,
    device,
    ...(list && { contacts: [...list.members] }),
  });
}
