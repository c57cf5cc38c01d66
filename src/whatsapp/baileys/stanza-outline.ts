import type { BinaryNode } from '@whiskeysockets/baileys';
import type { SeenStanza } from '../../observability/events.js';
import { readStanzaText } from './stanza-text.js';

/** What a stanza is about, without what it says. */
export type StanzaOutline = Omit<SeenStanza, 'instance' | 'direction'>;

/** The outline of a stanza that came. */
export function outlineOf({ tag, attrs, content }: BinaryNode): StanzaOutline {
  const elements = elementsOf(content);
  const named = elements.flatMap(element => elementsOf(element.content)).filter(({ tag }) => isNamed(tag));
  const names = named.flatMap(({ attrs }) => attrs['name'] ?? []);
  return outline(tag, name => attrs[name], elements[0]?.tag, names);
}

/** The outline of a stanza that leaves, from its text; undefined when that cannot be read. */
export function outlineOfText(xml: string): StanzaOutline | undefined {
  const stanza = readStanzaText(xml);
  if (!stanza) return undefined;
  const names = [...stanza.rest.matchAll(NAMED_TEXT)].map(([, name = '']) => name);
  return outline(stanza.tag, name => stanza.attributes.get(name), stanza.child || undefined, names);
}

const outline = (
  tag: string,
  attribute: (name: string) => string | undefined,
  child: string | undefined,
  names: readonly string[],
): StanzaOutline => ({
  tag: short(tag),
  id: short(attribute('id')),
  type: short(attribute('type')),
  xmlns: short(attribute('xmlns')),
  child: short(child),
  categories: names.length > 0 ? names.slice(0, MOST_NAMES).map(short) : undefined,
});

const elementsOf = (content: BinaryNode['content']): BinaryNode[] => (Array.isArray(content) ? content : []);

/** `<category name="last" …>` of a read or a change, `<list name="last" …>` of a contact list. */
const isNamed = (tag: string): boolean => tag === 'category' || tag === 'list';
const NAMED_TEXT = /<(?:category|list) name='([^']*)'/g;

/** WhatsApp's own words are short, and there are a dozen categories: more than that is not for a line of a log. */
const short = <Text extends string | undefined>(text: Text) => text?.slice(0, 40) as Text;
const MOST_NAMES = 20;
