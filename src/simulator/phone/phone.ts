import { applySettings } from '../answers/apply-settings.js';
import { exceptContacts } from '../answers/contact-lists.js';
import { setDisappearingTimer } from '../answers/disappearing-timer.js';
import { removeDevice } from '../answers/remove-device.js';
import { keepFor, notifyDevices } from '../queue/notifications.js';
import type { BinaryNode } from '../wire/stanza.js';
import type { Person } from '../world/directory.js';
import { type PasskeyOptions, signAssertion } from '../world/passkey.js';
import type { Account, Addressing, World } from '../world/world.js';
import type { LinkAttempt } from './complete-link.js';
import { enterCode } from './enter-code.js';
import { refreshCode } from './pairing-code.js';
import { askPasskeyAgain } from './passkey-link.js';
import { scanQr } from './scan-qr.js';

/** A companion in the phone's list of linked devices. */
export type LinkedDevice = {
  readonly device: number;
  readonly connected: boolean;
  readonly linkTime: Date;
  /** When it last showed a sign of being in use, by the server's clock. */
  readonly lastActive: Date;
  /** Whether it makes the account look online. */
  readonly isAvailable: boolean;
};

/** The phone of one account: what its owner does on it. */
export type Phone = {
  /** Digits only. */
  readonly phoneNumber: string;
  readonly lid: string;
  /** Points the camera at a QR; resolves when it is linked or the phone says that it could not. */
  scan(qrPayload: string): Promise<LinkAttempt>;
  /** Types in the pairing code that a client shows; hyphens and small letters are fine. */
  enterCode(code: string): Promise<LinkAttempt>;
  /** Asks the client that waits for a code to show another one; false when none waits. */
  refreshCode(): boolean;
  /**
   * What the browser of the owner makes of a request for the passkey, both as JSON, on a page of this origin:
   * https://web.whatsapp.com when not said.
   */
  assertPasskey(optionsJson: string, origin?: string): string;
  /** Asks the client that is linking for the passkey once more, with another challenge; resolves as `scan` does. */
  askPasskeyAgain(): Promise<LinkAttempt>;
  /** What the phone showed last, for its owner to compare with what the client shows; undefined before. */
  confirmationCode(): string | undefined;
  /** Changes a setting in the phone's menu; any category and value, also ones nobody has heard of. */
  setPrivacy(category: string, value: string): void;
  /** Chooses "My contacts except…" in the menu of a category, with exactly these phone numbers, all on WhatsApp. */
  exceptContacts(category: string, phoneNumbers: readonly string[]): void;
  /** The list of a category, which the server may hold while the category has another value. */
  contactList(category: string): { stamp: string | undefined; contacts: Person[] };
  /** The phone numbers that the account blocks. */
  blocked(): string[];
  /** Whether the account's contact lists are by LID or by phone number. */
  setAddressing(addressing: Addressing): void;
  /** Changes the timer of new chats, in seconds. */
  setDisappearingMode(duration: number): void;
  disappearingMode(): number;
  /** Takes a category away from the account. */
  removeCategory(category: string): void;
  /** What the server holds: the truth. */
  settings(): Record<string, string>;
  devices(): LinkedDevice[];
  /** Unlinks a companion; false when there is none with that id. */
  removeDevice(device: number): boolean;
  /** Ends the connections of the account's companions. */
  dropConnections(how: 'close' | 'reset' | 'half_open'): void;
  /** Sends `<stream:error>` to the account's companions and closes. */
  streamError(code?: number, conflict?: string): void;
  /** Sends any stanza to the account's companions that are connected, once. */
  send(stanza: BinaryNode): void;
  /** Sends any stanza to the account's companions, and keeps it for each until that has answered it. */
  deliver(stanza: BinaryNode): void;
  /** What companions have not answered as they must, oldest first: nothing, after a client that owes nothing. */
  owed(): OwedStanza[];
  /** Sends `account_sync` with this child to all companions, also with one nobody has heard of. */
  notify(change: BinaryNode): void;
};

/** A stanza that a companion has not answered. */
export type OwedStanza = {
  readonly device: number;
  readonly tag: string;
  readonly id: string;
  readonly type: string | undefined;
};

export function phoneOf(world: World, account: Account): Phone {
  const connections = () =>
    [...account.devices.values()].flatMap(({ connection }) => (connection ? [connection] : []));
  return {
    phoneNumber: account.phoneNumber,
    lid: account.lid,
    scan: qrPayload => scanQr(world, account, qrPayload),
    enterCode: code => enterCode(world, account, code),
    refreshCode: () => refreshCode(world, account),
    assertPasskey(optionsJson, origin = 'https://web.whatsapp.com') {
      if (!account.passkey) throw new Error('this account has no passkey');
      return signAssertion(account.passkey, JSON.parse(optionsJson) as PasskeyOptions, origin);
    },
    askPasskeyAgain: () => askPasskeyAgain(world, account),
    confirmationCode: () => account.confirmationCode,
    setPrivacy: (category, value) => applySettings(world, account, [{ category, value }], 0),
    exceptContacts: (category, phoneNumbers) => exceptContacts(world, account, category, phoneNumbers),
    contactList(category) {
      const list = account.lists.get(category);
      const contacts = [...(list?.members ?? [])].flatMap(number => world.people.byPhoneNumber(number) ?? []);
      return { stamp: list?.stamp, contacts };
    },
    blocked: () => [...account.blocked],
    setAddressing(addressing) {
      account.addressing = addressing;
      world.changed();
    },
    setDisappearingMode: duration => setDisappearingTimer(world, account, duration, 0),
    disappearingMode: () => account.disappearingMode.duration,
    removeCategory(category) {
      account.settings.delete(category);
      world.changed();
    },
    settings: () => Object.fromEntries(account.settings),
    devices: () =>
      [...account.devices.values()].map(({ id, connection, linkTime, lastActive, isAvailable }) => ({
        device: id,
        connected: connection !== undefined,
        linkTime,
        lastActive,
        isAvailable,
      })),
    removeDevice: device => removeDevice(world, account, device),
    dropConnections(how) {
      for (const connection of connections()) {
        if (how === 'close') connection.end();
        else if (how === 'reset') connection.reset();
        else connection.mute();
      }
    },
    streamError(code, conflict) {
      for (const connection of connections()) connection.streamError(code, conflict);
    },
    send(stanza) {
      for (const connection of connections()) connection.send(stanza);
    },
    deliver(stanza) {
      for (const device of account.devices.values()) keepFor(world, device, stanza);
    },
    owed: () =>
      [...account.devices.values()].flatMap(({ id: device, unacked }) =>
        unacked.map(({ tag, attrs: { id = '', type } }) => ({ device, tag, id, type })),
      ),
    notify: change => notifyDevices(world, account, change),
  };
}
