import { readStanzaText } from './stanza-text.js';

/**
 * Every kind of stanza that may leave. Not on it: presences (one without a type counts as "available"; see
 * `PresenceKind`), messages, other queries about others, telemetry, and receipts, which contacts see, but those to the
 * account itself for what its other devices have sent.
 */
const MAY_LEAVE: ReadonlySet<string> = new Set([
  'ack',
  'receipt sender',
  'iq result',
  'iq error',
  // The settings.
  'iq get privacy/privacy',
  'iq set privacy/privacy',
  'iq get disappearing_mode/',
  'iq set disappearing_mode/disappearing_mode',
  // Whether numbers are on WhatsApp, and their LIDs: for contacts that a setting is to except.
  'iq get usync/usync contact lid',
  // Linking and its end.
  'iq set md/link_code_companion_reg',
  'iq set md/remove-companion-device',
  // The public keys that WhatsApp keeps of every device.
  'iq get encrypt/count',
  'iq get encrypt/digest',
  'iq set encrypt/registration',
  // Being connected: pings, taking part, and what came meanwhile.
  'iq get w:p/ping',
  'iq set passive/active',
  'iq set urn:xmpp:whatsapp:dirty/clean',
  'ib offline_batch',
]);

/** What may leave too while an account is being linked: the steps with a passkey. */
const MAY_LEAVE_LINKING: ReadonlySet<string> = new Set([
  'iq get md/passkey_request_options',
  'iq get md/ref',
  'iq set md/passkey_prologue',
  'iq set md/companion_nonce',
  'iq set md/encrypted_pairing_request',
]);

/** What leaves only when an instance is told to say it: the type, and nothing else. */
export type PresenceKind = 'presence available' | 'presence unavailable';

/** When more may leave: on a connection that links an account, and while a presence is being told. */
export type Leave = { readonly linking: boolean; readonly meant?: PresenceKind | undefined };

/** Whether stanzas of this kind may leave. */
export const mayLeave = (kind: string, { linking, meant }: Leave): boolean =>
  MAY_LEAVE.has(kind) || (linking && MAY_LEAVE_LINKING.has(kind)) || kind === meant;

/** What a `<usync>` asks for about each user. */
const QUERY = /^>\n\t\t<usync [^\n]*>\n\t{4}<query >\n((?:\t{6}<\w+ \/>\n)+)\t{4}<\/query>\n/;

/** The kind of an outgoing stanza, from its text; what cannot be read is of a kind that may not leave. */
export function kindOf(xml: string): string {
  const stanza = readStanzaText(xml);
  if (!stanza) return 'unreadable';
  const { tag, attributes, child, rest } = stanza;
  const type = attributes.get('type') ?? '';
  switch (tag) {
    case 'iq': {
      if (type === 'result' || type === 'error') return `iq ${type}`;
      const kind = `iq ${type} ${attributes.get('xmlns') ?? ''}/${child}`;
      return child === 'usync' ? `${kind} ${asked(rest)}` : kind;
    }
    case 'presence':
      return attributes.size === 1 && child === '' ? `presence ${type}` : `presence ${type} with more`;
    case 'receipt':
      return attributes.has('recipient') ? `receipt ${type}` : 'receipt';
    case 'ib':
      return `ib ${child}`;
    default:
      return tag;
  }
}

const asked = (rest: string): string => QUERY.exec(rest)?.[1]?.match(/\w+/g)?.join(' ') ?? 'unreadable';
