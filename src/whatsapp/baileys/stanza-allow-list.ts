/**
 * Every kind of stanza that may leave. Not on it: presences (one without a type counts as "available", and a device
 * that sends none is not online), receipts, messages, other queries about others, telemetry.
 */
const MAY_LEAVE: ReadonlySet<string> = new Set([
  'ack',
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

/** Whether stanzas of this kind may leave. */
export const mayLeave = (kind: string): boolean => MAY_LEAVE.has(kind);

const HEAD = /^<([\w:.-]+) ((?:[\w:.-]+='[^']*' ?)*)\/?>/;
const ATTRIBUTE = /([\w:.-]+)='([^']*)'/g;
const FIRST_CHILD = /^>\n\t\t<([\w:.-]+) /;
/** What a `<usync>` asks for about each user. */
const QUERY = /^>\n\t\t<usync [^\n]*>\n\t{4}<query >\n((?:\t{6}<\w+ \/>\n)+)\t{4}<\/query>\n/;

/**
 * The kind of an outgoing stanza, from its text as Baileys' `binaryNodeToString` writes it. Text that is not exactly
 * in that form, such as a value with a quote in it, is of a kind that may not leave.
 */
export function kindOf(xml: string): string {
  const [head, tag, text = ''] = HEAD.exec(xml) ?? [];
  if (head === undefined || tag === undefined) return 'unreadable';
  const pairs = [...text.matchAll(ATTRIBUTE)];
  const attributes = new Map(pairs.map(([, name, value]) => [name, value]));
  if (attributes.size < pairs.length) return 'unreadable';

  const type = attributes.get('type') ?? '';
  const content = xml.slice(head.length - 1);
  const child = FIRST_CHILD.exec(content)?.[1] ?? '';
  switch (tag) {
    case 'iq': {
      if (type === 'result' || type === 'error') return `iq ${type}`;
      const kind = `iq ${type} ${attributes.get('xmlns') ?? ''}/${child}`;
      return child === 'usync' ? `${kind} ${asked(content)}` : kind;
    }
    case 'presence':
      return `presence ${type}`.trim();
    case 'ib':
      return `ib ${child}`;
    default:
      return tag;
  }
}

const asked = (content: string): string => QUERY.exec(content)?.[1]?.match(/\w+/g)?.join(' ') ?? 'unreadable';
