import type { CertificateChoice } from '../wire/certificates.js';

/** What a device may show of being in use, from the least to the most: that it is connected, what its presence says. */
export const SIGNS = ['connection', 'unavailable', 'available'] as const;
export type Sign = (typeof SIGNS)[number];

/** The child of the notification that retires the advertised adv secret; WhatsApp uses both. */
export type RefreshChild = 'companion_reg_refresh' | 'pair-device-rotate-qr';

/**
 * How this WhatsApp behaves where the real one is not known, varies, or must be caught lying. May be changed while
 * the simulator runs.
 */
export type Behaviour = {
  /** Round trip between client and server; half of it each way, order preserved. */
  latencyMs: number;
  /** The chain shown in the handshake. */
  certificate: CertificateChoice;
  /**
   * How `pair-success` is signed: truly, with another account key than the one it names, with another adv secret, or
   * after a passkey with the secret of before it.
   */
  pairSuccess: 'honest' | 'wrong_account_signature' | 'wrong_hmac' | 'old_secret';
  /** What the request for a passkey holds: the options, something that is no JSON, or nothing. */
  passkeyRequest: 'whole' | 'garbled' | 'without_options';
  /** How long a passkey is waited for: so the options say, and one that comes later by what it is then is refused. */
  passkeyTimeoutMs: number;
  /** How the phone goes on after the passkey; `short` with a nonce of 31 bytes. Silence was reported (WAHA 2227, evolution-go 107). */
  passkeyContinuation: 'once' | 'twice' | 'never' | 'short';
  /** Whether a typed code leads to the usual exchange first (openmessage 79), or to a stage without keys (whatsmeow 1188). */
  passkeyHello: 'usual' | 'without_keys';
  /**
   * When the adv secret shown in the QR is retired. `on_first_scan` (seen live since July 2026, Baileys 2737): the
   * first scan on a connection fails and triggers the notification; only a QR with another secret links.
   * `on_connect`: right after `pair-device`; a client that keeps its secret is not caught unless its QR was scanned before.
   */
  refresh: 'on_first_scan' | 'on_connect' | 'never';
  refreshChild: RefreshChild;
  /**
   * Whether the phone goes on failing until the client has acked the retirement, as WA Web does. Live, one client
   * linked without (Baileys rc14 throws while it acks for an unlinked device; Baileys PR 2749, comment in 2737).
   */
  refreshAck: 'awaited' | 'not_awaited';
  /**
   * Who closes after a restart was asked for (515): whatsmeow loses what comes in the same moment as the close, which a
   * real server evidently does not provoke.
   */
  restart: 'client_closes' | 'server_closes';
  /** Whether `companion_platform_display` must name a known browser and system (Baileys PR 2769). */
  platformDisplay: 'checked' | 'refused' | 'any';
  /** Whether `account_sync` goes to the device that made the change too. */
  echoOwnSets: boolean;
  /** What the push of a change holds: the changed categories (whatsmeow, zapo) or the timer, or nothing; `none` is sent none. */
  push: 'categories' | 'bare' | 'none';
  /** Several categories in one set: all applied, or the IQ refused. */
  severalCategories: 'apply' | 'refuse';
  /** A value or category WhatsApp does not know: an error stanza, or an error inside the category. */
  invalidSet: 'refuse' | 'refuse_category';
  /** A known category that the account does not report: accepted (Baileys PR 1071), or refused. */
  unreportedSet: 'apply' | 'refuse_category';
  /** A set of a category that `defense` locks. */
  lockedSet: 'apply' | 'refuse' | 'refuse_category';
  /** A change of a contact list with a stale stamp: 409 as an error stanza (zapo) or inside the category (WA Web). */
  staleList: 'refuse' | 'refuse_category';
  /** A contact nobody knows in a change of a contact list: all of it refused, or this contact passed over. */
  unknownContact: 'refuse' | 'refuse_category' | 'ignore';
  /** Whether a contact list outlives another value of its category. */
  listAway: 'kept' | 'cleared';
  /** What a set of contact_blacklist without a list makes of the list: leaves it as it is (WA Web), or nobody on it (zapo). */
  plainList: 'kept' | 'emptied';
  /** Whether the reply to such a set tells the list's stamp. */
  plainListStamp: 'told' | 'untold';
  /**
   * How a contact list is told: as asked, or by phone number where LIDs were asked for, without `jid`, without
   * `pn_jid`, without stamp, with the stamp `none`, or with each contact twice.
   */
  listReply: 'honest' | 'pn' | 'without_lid' | 'without_pn' | 'without_stamp' | 'stamp_none' | 'twice';
  /** What a delay holds back when its connection ends: it takes effect before the device's next login, or never. */
  cutOff: 'applied' | 'dropped';
  /**
   * Whether a device without one-time pre-keys is asked for them. The real server does; a device that is not asked
   * links in a quarter of the time, for a client makes 812.
   */
  preKeys: 'asked' | 'not_asked';
  /**
   * Whether what is behind the first five stanzas of a queue waits for the client's `offline_batch`, again for each batch;
   * `withheld`: it never comes, whatever the client asks.
   */
  offlineBatch: 'awaited' | 'not_awaited' | 'withheld';
  /** A client that has not asked for any within this time gets its queue all the same. */
  unaskedMs: number;
  /** A story answered with an error: it stays and stops what is behind it (Baileys 2779), or it is gone. */
  refusedStory: 'stops' | 'settled';
  /** An ack for a message of the account's own other device: as if none had come (whatsapp-rust 659), or enough. */
  ownMessageAck: 'ignored' | 'settled';
  /** For how long a stanza may be owed an answer before the stream ends; live it is 50 min and 2 s (WAHA 2151). */
  owedEndsStreamMs: number;
  /** Which frames are compressed: every eighth of a connection, all, or none. */
  compression: 'now_and_then' | 'always' | 'never';
  /** A device that shows no sign of being in use for more days is unlinked (30, by WhatsApp's FAQ). */
  inactivityDays: number;
  /**
   * The least sign that counts. Nobody knows: by five reports devices that are connected and never say that they are
   * available count as inactive; whether saying "unavailable" helps is open.
   */
  activity: Sign;
  /** Whether the client is told routing info for its next connection. */
  edgeRouting: boolean;
  /**
   * Clients that announce an older revision of WhatsApp Web are answered `<failure reason="405" location="cln"/>`, at a
   * registration as at a login (whatsmeow #1040, Baileys #2733). 0 for none.
   */
  minRevision: number;
  /** Clients that announce an older one get QRs and codes which no phone can link, without a word (Baileys #2679). */
  minLinkRevision: number;
  /** The same 405 for every client, also one that announces the newest (whatsmeow #1164). */
  refuseClients: boolean;
  /**
   * What each login is told of the end of the client's version: a time in Unix seconds, that it was withdrawn, or nothing
   * (whatsapp-rust #1314; nobody has published one seen live).
   */
  clientExpiration: number | 'withdrawn' | 'untold';
};

export const DEFAULT_BEHAVIOUR: Readonly<Behaviour> = {
  latencyMs: 0,
  certificate: 'honest',
  pairSuccess: 'honest',
  passkeyRequest: 'whole',
  passkeyTimeoutMs: 600_000,
  passkeyContinuation: 'once',
  passkeyHello: 'usual',
  refresh: 'on_first_scan',
  refreshChild: 'companion_reg_refresh',
  refreshAck: 'awaited',
  restart: 'client_closes',
  platformDisplay: 'checked',
  echoOwnSets: false,
  push: 'categories',
  severalCategories: 'apply',
  invalidSet: 'refuse_category',
  unreportedSet: 'apply',
  lockedSet: 'refuse_category',
  staleList: 'refuse_category',
  unknownContact: 'refuse_category',
  listAway: 'kept',
  plainList: 'kept',
  plainListStamp: 'untold',
  listReply: 'honest',
  cutOff: 'applied',
  preKeys: 'asked',
  offlineBatch: 'awaited',
  unaskedMs: 2_000,
  refusedStory: 'stops',
  ownMessageAck: 'ignored',
  owedEndsStreamMs: 3_002_000,
  compression: 'now_and_then',
  inactivityDays: 30,
  activity: 'available',
  edgeRouting: false,
  minRevision: 0,
  minLinkRevision: 0,
  refuseClients: false,
  clientExpiration: 'untold',
};
