import { randomBytes } from 'node:crypto';
import { clock } from '../../domain/time/clock.js';
import { removeDevice } from '../answers/remove-device.js';
import { type Phone, phoneOf } from '../phone/phone.js';
import { certificateChains, defaultServerKeys } from '../wire/certificates.js';
import { type BinaryNode, node, SERVER, seconds } from '../wire/stanza.js';
import { keyPairOf, newKeyPair } from '../wire/xeddsa.js';
import { type NewAccount, newAccount } from '../world/accounts.js';
import { type Behaviour, DEFAULT_BEHAVIOUR, type RefreshChild } from '../world/behaviour.js';
import { directory, type NewPerson, type Person } from '../world/directory.js';
import { type Fault, faultBox, type InjectedFault } from '../world/faults.js';
import { inactiveDevices } from '../world/inactivity.js';
import { type PrivacyEvent, privacyJournal } from '../world/journal.js';
import { type SessionRecord, sessionLog } from '../world/session-log.js';
import { type LoggedStanza, type StanzaQuery, stanzaLog } from '../world/stanza-log.js';
import { readState, writeState } from '../world/state-file.js';
import type { AppliedSet, World } from '../world/world.js';
import { listen } from './server.js';

export type SimulatorOptions = {
  /** 0, the default, picks a free one. */
  readonly port?: number;
  readonly host?: string;
  /** The private key that signs the server's certificate, 64 hex digits; a new one when not given. */
  readonly rootPrivateKey?: string;
  readonly behaviour?: Partial<Behaviour>;
  /** Keeps keys, accounts and linked devices over restarts; its root key wins over `rootPrivateKey`. */
  readonly stateFile?: string;
};

/** A running WhatsApp. */
export type Simulator = {
  /** For `WA_PRIVACY_WHATSAPP_URL`. */
  readonly url: string;
  /** For `WA_PRIVACY_WHATSAPP_ROOT_KEY`: the public key that signs the server's certificate, hex. */
  readonly rootKey: string;
  /** Takes effect at once. */
  readonly behaviour: Behaviour;
  addPhone(account: NewAccount): Phone;
  /** Adds someone on WhatsApp whose phone is not simulated, as a contact. */
  addPerson(person: NewPerson): Person;
  /** Undefined when there is no such phone. */
  phone(phoneNumber: string): Phone | undefined;
  phones(): Phone[];
  inject(fault: Fault): InjectedFault;
  faults(): InjectedFault[];
  clearFaults(): void;
  /** Retires the adv secret of every client that is registering; how many there are. */
  refreshLink(child?: RefreshChild): number;
  /** Sends a notification of this type to every client that is registering; how many there are. */
  notifyRegistering(type: string, child?: BinaryNode): number;
  /** Every stanza that clients sent, oldest first. */
  readonly stanzas: readonly LoggedStanza[];
  findStanzas(query: StanzaQuery): LoggedStanza[];
  clearStanzas(): void;
  /** Every change the server made, oldest first: what outcomes are judged by. */
  sets(phoneNumber: string): readonly AppliedSet[];
  /** The same changes among the questions and answers about privacy, each where it happened. */
  journal(phoneNumber: string): readonly PrivacyEvent[];
  /** Every login of an account's devices, oldest first. */
  sessions(phoneNumber: string): readonly SessionRecord[];
  /** How many connections have finished the handshake. */
  /** Lets days pass at WhatsApp: devices that were inactive for too long are unlinked. */
  passDays(days: number): void;
  connections(): number;
  /** Writes the state file now, which else follows a while after each change. */
  save(): void;
  stop(): Promise<void>;
};

/** Starts a WhatsApp server on this machine. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, host = '127.0.0.1', rootPrivateKey, stateFile } = options;
  const kept = stateFile === undefined ? undefined : readState(stateFile);
  const keys =
    kept?.keys ??
    (rootPrivateKey === undefined
      ? defaultServerKeys()
      : { root: keyPairOf(Buffer.from(rootPrivateKey, 'hex')), static: newKeyPair() });
  const log = stanzaLog();
  const faults = faultBox();
  let saving: NodeJS.Timeout | undefined;
  let pauseMs = 0;
  const save = () => {
    clearTimeout(saving);
    saving = undefined;
    if (stateFile === undefined) return;
    const started = clock();
    writeState(stateFile, { keys, accounts: [...world.accounts.values()], people: world.people.all() });
    // The whole file each time: with thousands of accounts one change after another would leave time for nothing else.
    pauseMs = 20 * (clock() - started);
  };
  // Notifications are kept over restarts, so their ids must differ from run to run.
  const run = randomBytes(4).toString('hex');
  let connections = 0;
  let ids = 0;
  const world: World = {
    behaviour: { ...DEFAULT_BEHAVIOUR, ...options.behaviour },
    keys,
    certificates: certificateChains(keys),
    accounts: new Map(kept?.accounts.map(account => [account.phoneNumber, account])),
    people: directory(kept?.people),
    connections: new Set(),
    registering: new Set(),
    faults,
    log,
    sessions: sessionLog(),
    journal: privacyJournal(),
    time: { aheadMs: 0 },
    nextConnection: () => ++connections,
    nextId: () => `${run}-${++ids}`,
    changed() {
      if (stateFile !== undefined) saving ??= setTimeout(save, pauseMs);
    },
  };
  const listener = await listen(world, host, port);
  const accountOf = (phoneNumber: string) => world.accounts.get(phoneNumber.replace(/^\+/, ''));

  return {
    url: `ws://${host.includes(':') ? `[${host}]` : host}:${listener.port}/ws/chat`,
    rootKey: Buffer.from(keys.root.public).toString('hex'),
    behaviour: world.behaviour,
    addPhone(options) {
      const account = newAccount(options);
      if (world.accounts.has(account.phoneNumber)) throw new Error('there is a phone with this number');
      world.accounts.set(account.phoneNumber, account);
      world.people.add(account);
      for (const { members } of account.lists.values())
        for (const phoneNumber of members) world.people.add({ phoneNumber });
      world.changed();
      return phoneOf(world, account);
    },
    addPerson(person) {
      const added = world.people.add(person);
      world.changed();
      return added;
    },
    phone(phoneNumber) {
      const account = accountOf(phoneNumber);
      return account && phoneOf(world, account);
    },
    phones: () => [...world.accounts.values()].map(account => phoneOf(world, account)),
    inject: faults.inject,
    faults: faults.list,
    clearFaults: faults.clear,
    refreshLink(child = world.behaviour.refreshChild) {
      for (const registering of world.registering) registering.refresh(child);
      return world.registering.size;
    },
    notifyRegistering(type, child) {
      for (const { connection } of world.registering) {
        const attrs = { from: SERVER, id: world.nextId(), type, t: seconds() };
        connection.send(node('notification', attrs, child && [child]));
      }
      return world.registering.size;
    },
    stanzas: log.entries,
    findStanzas: log.find,
    clearStanzas: log.clear,
    sets: phoneNumber => accountOf(phoneNumber)?.sets ?? [],
    journal: phoneNumber => world.journal.of(phoneNumber.replace(/^\+/, '')),
    sessions: phoneNumber => world.sessions.of(phoneNumber.replace(/^\+/, '')),
    connections: () => world.connections.size,
    passDays(days) {
      world.time.aheadMs += days * 86_400_000;
      for (const account of world.accounts.values())
        for (const { id } of inactiveDevices(world, account)) removeDevice(world, account, id);
    },
    save,
    async stop() {
      await listener.stop();
      save();
    },
  };
}
