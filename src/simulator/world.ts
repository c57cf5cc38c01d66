import type { Account } from './accounts.js';
import type { Behaviour } from './behaviour.js';
import type { CertificateChoice, ServerKeys } from './certificates.js';
import type { Connection } from './connection.js';
import type { Faults } from './faults.js';
import type { Journal } from './journal.js';
import type { People } from './people.js';
import type { RegisteringConnection } from './registration.js';
import type { StanzaLog } from './stanza-log.js';

/** Everything the server knows, shared by its parts. */
export type World = {
  readonly behaviour: Behaviour;
  readonly keys: ServerKeys;
  readonly certificates: Record<CertificateChoice, Buffer>;
  /** By phone number, digits only. */
  readonly accounts: Map<string, Account>;
  /** Everyone on WhatsApp, the accounts among them. */
  readonly people: People;
  readonly connections: Set<Connection>;
  readonly registering: Set<RegisteringConnection>;
  readonly faults: Faults;
  readonly log: StanzaLog;
  readonly journal: Journal;
  nextConnection(): number;
  /** For the ids of the server's own stanzas. */
  nextId(): string;
  /** Something that is kept over restarts has changed. */
  changed(): void;
};
