import type { ClientVersions } from '../../instances/ports/client-version.js';
import type { CredentialStore } from '../../instances/ports/store.js';
import type { QueueStall, SeenStanza } from '../../observability/events.js';

/** How long things may take, in milliseconds. */
export type Timeouts = {
  /** From dialling until WhatsApp has accepted the login, or until there is a code to show. */
  readonly connectMs: number;
  /** Of that, for what a proxy has to do. */
  readonly proxyMs: number;
  /** From ping to ping, give or take a fifth; half of it for the answer. */
  readonly keepAliveMs: number;
  /** For the answer to each query of a login or of linking. */
  readonly queryMs: number;
  /** For the peer's part in closing a connection. */
  readonly closeMs: number;
  /** How long the first QR code is shown, and each later one (WhatsApp Web's times). */
  readonly firstQrMs: number;
  readonly laterQrMs: number;
  /** For a person's answer with a passkey, unless WhatsApp gives less (its clients' default). */
  readonly assertionMs: number;
  /** How long after its request the secret in the code proves who we are (whatsmeow, zapo). */
  readonly handoffMs: number;
  /** For a person to compare the codes. */
  readonly confirmMs: number;
  /** For the phone to go on after each step with a passkey. */
  readonly phoneMs: number;
};

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 30_000,
  proxyMs: 20_000,
  keepAliveMs: 25_000, // whatsmeow: 20 to 30 s.
  queryMs: 7_000,
  closeMs: 1_000,
  firstQrMs: 60_000,
  laterQrMs: 20_000,
  assertionMs: 600_000,
  handoffMs: 300_000,
  confirmMs: 180_000,
  phoneMs: 60_000,
};

/** How long a read holds without a push when nobody says otherwise. */
export const DEFAULT_PUSH_TRUST_MS: number = 10 * 60_000;

/** What this folder tells the operator. */
export type WhatsAppLog = {
  /** A stanza that the light session does not allow was held back. */
  stanzaRefused(refusal: { instance: string; stanza: string }): void;
  /** A stanza came or leaves. Missing where nobody would read it. */
  stanzaSeen?: ((seen: SeenStanza) => void) | undefined;
  /** A frame that was decrypted is no stanza and was passed over, the `count`-th on its connection. */
  frameDropped(frame: { instance: string; bytes: number; count: number }): void;
  /** WhatsApp ended the stream because this stanza had no answer that it takes. */
  stanzaOwed(owed: { instance: string; stanza: string; id: string | undefined }): void;
  /** The offline queue is not drained and stands still; the stanza is the first that may be why. */
  queueStalled(stall: QueueStall): void;
  /** Something went wrong that nobody waits for; the service goes on. */
  taskFailed(failure: { task: string; instance: string; cause: unknown }): void;
};

/** What all connections have in common. */
export type ConnectionOptions = {
  /** Undefined for WhatsApp's own. */
  readonly url: string | undefined;
  /** The key that signs the server's certificates, 32 bytes; undefined for WhatsApp's own. */
  readonly rootKey: Buffer<ArrayBuffer> | undefined;
  readonly versions: ClientVersions;
  /** Of instances without their own; undefined for none. */
  readonly proxy: string | undefined;
  readonly credentials: CredentialStore;
  readonly log: WhatsAppLog;
  readonly timeouts: Timeouts;
  /** How long a read holds while WhatsApp announces no change, in milliseconds. */
  readonly pushTrustMs: number;
};
