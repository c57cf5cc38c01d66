import type { KeyPair } from '@whiskeysockets/baileys';
import type { CertificateChoice, ServerKeys } from '../wire/certificates.js';
import type { BinaryNode } from '../wire/stanza.js';
import type { Behaviour, RefreshChild } from './behaviour.js';
import type { Directory } from './directory.js';
import type { Faults, Garbage } from './faults.js';
import type { Journal } from './journal.js';
import type { KeyBundle } from './key-bundle.js';
import type { Passkey } from './passkey.js';
import type { SessionLog } from './session-log.js';
import type { StanzaLog } from './stanza-log.js';

/** Everything the server knows, shared by its parts. */
export type World = {
  readonly behaviour: Behaviour;
  readonly keys: ServerKeys;
  readonly certificates: Record<CertificateChoice, Buffer>;
  /** By phone number, digits only. */
  readonly accounts: Map<string, Account>;
  /** Everyone on WhatsApp, the accounts among them. */
  readonly people: Directory;
  readonly connections: Set<ClientConnection>;
  readonly registering: Set<RegisteringConnection>;
  readonly faults: Faults;
  readonly log: StanzaLog;
  readonly sessions: SessionLog;
  readonly journal: Journal;
  /** How far the server's time of day is ahead of this machine's. */
  readonly time: { aheadMs: number };
  nextConnection(): number;
  /** For the ids of the server's own stanzas. */
  nextId(): string;
  /** Something that is kept over restarts has changed. */
  changed(): void;
};

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
  /** Phone numbers that the account blocks, digits only. */
  readonly blocked: Set<string>;
  disappearingMode: { duration: number; setAt: number };
  readonly devices: Map<number, Device>;
  /** Never used twice, also after a device was removed. */
  nextDevice: number;
  readonly sets: AppliedSet[];
  /** Without it no companion can be linked; undefined for an account that needs none. */
  readonly passkey: Passkey | undefined;
  /** What its phone showed last for its owner to compare while linking. */
  confirmationCode: string | undefined;
  /** Where the account has another limit than `behaviour.inactivityDays`. */
  readonly inactivityDays?: number | undefined;
};

/** A companion device, as the server knows it. */
export type Device = {
  readonly id: number;
  readonly noiseKey: Buffer;
  readonly linkTime: Date;
  /** When it last showed a sign of being in use that counts. */
  lastActive: Date;
  /** Whether it said that it is available, and so contacts see the account online. */
  isAvailable: boolean;
  readonly keys: KeyBundle;
  /** Its queue: the stanzas it has not answered as they must be, oldest first. */
  readonly unacked: BinaryNode[];
  /** Stories among them that it answered with an error. */
  readonly refused: Set<BinaryNode>;
  /** What changed while it was away, by the names `<dirty>` uses for them; emptied by `<clean>`. */
  readonly dirty: Set<string>;
  /** Hastens what a delay holds back, which is handled before the next login. */
  readonly held: Set<() => void>;
  connection: ClientConnection | undefined;
  /** How its queue comes to it over that connection. */
  delivery: Delivery | undefined;
};

/** The delivery of what is kept for a device over one connection. */
export type Delivery = {
  /** The client is ready for it. */
  start(): void;
  /** The client wants so many more. */
  asked(count: number): void;
  /** There is one more. */
  added(stanza: BinaryNode): void;
  /** The client sent an ack or a receipt. */
  answered(answer: BinaryNode): void;
  stop(): void;
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

/** One client's connection after the handshake, whatever it turns out to be. */
export type ClientConnection = {
  readonly id: number;
  /** The Noise static key the client proved to hold. */
  readonly noiseKey: Buffer;
  /** The N of the version `2.3000.N` that the client announced; 0 for none. */
  readonly revision: number;
  /** The path and query that it asked for. */
  readonly target: string;
  /** Who logged in on it; undefined while it registers. */
  owner: { readonly account: Account; readonly device: Device } | undefined;
  /** Whether it has had its queue to the end, so that what is new goes out at once. */
  ready: boolean;
  isOpen(): boolean;
  send(stanza: BinaryNode): void;
  /** Sends an IQ and resolves with the client's answer, or undefined when the connection ended before. */
  ask(iq: BinaryNode): Promise<BinaryNode | undefined>;
  /** Closes it after what was sent. */
  end(): void;
  reset(): void;
  mute(): void;
  joinNext(count: number): void;
  streamError(code?: number, conflict?: string): void;
  fail(failure: { reason?: number; code?: number; expire?: number; location?: string }): void;
  sendGarbage(kind: Garbage): void;
};

/** A connection of a client that wants to be linked. */
export type RegisteringConnection = {
  readonly connection: ClientConnection;
  readonly keys: KeyBundle;
  /** Whether the ref is one of this connection's, and not too old. */
  readonly refState: (ref: string) => 'unknown' | 'expired' | 'good';
  /** Sees the secret of a scanned QR; false when it was retired, or a retirement is not acked yet. */
  readonly accepts: (advSecret: string) => boolean;
  /** Retires the adv secrets seen so far. */
  readonly refresh: (child: RefreshChild) => void;
  /** The pairing code the client waits for, if it asked for one. */
  codeRequest: CodeRequest | undefined;
  /** The passkey it was asked for, if it was. */
  passkey: PasskeyRequest | undefined;
  /** Refs are good for one link. */
  used: boolean;
};

/** A client that shows a pairing code, as the server knows it. */
export type CodeRequest = {
  readonly phoneNumber: string;
  readonly ref: Buffer;
  readonly started: number;
  /** The client's ephemeral key, wrapped with the code that only the client and its user know. */
  readonly wrappedKey: Buffer;
  /** How many `primary_hello` it was sent. */
  hellos: number;
  /** Takes the client's `companion_finish`, or undefined when it has gone. */
  finish(stage: BinaryNode | undefined): void;
};

/** A client that is asked for a passkey, as the server knows it. */
export type PasskeyRequest = {
  readonly account: Account;
  /** What the phone knows from the QR or the code. */
  readonly advSecret: Buffer | undefined;
  /** How the server answers the client's steps. */
  plan(iq: BinaryNode): { readonly reply: () => BinaryNode; readonly after?: () => void };
  /** The client has gone, or is asked anew. */
  close(): void;
};

/** What a connection is for: what it does with stanzas and at its end. */
export type StanzaHandler = { receive(stanza: BinaryNode): void; closed(): void };
