import { attr, type BinaryNode, child, children, node } from '../wire/stanza.js';

/** One stanza that a client sent. */
export type LoggedStanza = {
  readonly time: number;
  readonly connection: number;
  /** Undefined on a connection that is registering. */
  readonly phoneNumber: string | undefined;
  readonly device: number | undefined;
  readonly node: BinaryNode;
};

/** What to count; everything left out matches everything. */
export type StanzaQuery = {
  readonly phoneNumber?: string;
  readonly device?: number;
  readonly tag?: string;
  readonly xmlns?: string;
  readonly type?: string;
  /** The category of a privacy set, or of the read of a contact list. */
  readonly category?: string;
};

/** Everything clients sent, oldest first: the witness for what left and in which order. */
export type StanzaLog = {
  readonly entries: LoggedStanza[];
  readonly add: (stanza: LoggedStanza) => void;
  readonly find: (query: StanzaQuery) => LoggedStanza[];
  readonly clear: () => void;
};

/** Keeps the last stanzas only, so that a long run does not fill the memory. */
const MAX_ENTRIES = 200_000;

export function stanzaLog(): StanzaLog {
  const entries: LoggedStanza[] = [];
  return {
    entries,
    add(stanza) {
      entries.push({ ...stanza, node: withoutPreKeys(stanza.node) });
      if (entries.length > MAX_ENTRIES) entries.splice(0, MAX_ENTRIES / 10);
    },
    find: query => entries.filter(entry => matches(entry, query)),
    clear() {
      entries.length = 0;
    },
  };
}

/** The categories that a privacy set names, or whose contact list is asked for. */
export const categoriesOf = (iq: BinaryNode): string[] =>
  attr(iq, 'xmlns') === 'privacy'
    ? children(child(iq, 'privacy')).map(category => attr(category, 'name') ?? '')
    : [];

/** Whether an IQ asks for a contact list. */
export const isListRead = (iq: BinaryNode): boolean =>
  attr(iq, 'type') === 'get' && child(child(iq, 'privacy'), 'list') !== undefined;

const matches = ({ phoneNumber, device, node }: LoggedStanza, query: StanzaQuery): boolean =>
  (query.phoneNumber === undefined || query.phoneNumber.replace(/^\+/, '') === phoneNumber) &&
  (query.device === undefined || query.device === device) &&
  (query.tag === undefined || query.tag === node.tag) &&
  (query.xmlns === undefined || query.xmlns === attr(node, 'xmlns')) &&
  (query.type === undefined || query.type === attr(node, 'type')) &&
  (query.category === undefined || categoriesOf(node).includes(query.category));

/** A first login uploads 812 keys, which prove nothing here and would be most of the log. */
const withoutPreKeys = (iq: BinaryNode): BinaryNode =>
  attr(iq, 'xmlns') !== 'encrypt' || !child(iq, 'list')
    ? iq
    : node(
        iq.tag,
        iq.attrs,
        children(iq).map(part => (part.tag === 'list' ? node('list') : part)),
      );
