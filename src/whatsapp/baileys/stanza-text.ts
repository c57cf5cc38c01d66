/** A stanza as read from its text. */
export type StanzaText = {
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** The tag of the first element it holds; empty when there is none. */
  readonly child: string;
  /** What follows the name and the attributes. */
  readonly rest: string;
};

const HEAD = /^<([\w:.-]+) ((?:[\w:.-]+='[^']*' ?)*)\/?>/;
const ATTRIBUTE = /([\w:.-]+)='([^']*)'/g;
const FIRST_CHILD = /^>\n\t\t<([\w:.-]+) /;

/**
 * Reads an outgoing stanza from its text as Baileys' `binaryNodeToString` writes it. Undefined for text that is not exactly
 * in that form, such as a value with a quote in it.
 */
export function readStanzaText(xml: string): StanzaText | undefined {
  const [head, tag, text = ''] = HEAD.exec(xml) ?? [];
  if (head === undefined || tag === undefined) return undefined;
  const pairs = [...text.matchAll(ATTRIBUTE)].map(([, name = '', value = '']) => [name, value] as const);
  const attributes = new Map(pairs);
  if (attributes.size < pairs.length) return undefined;
  const rest = xml.slice(head.length - 1);
  return { tag, attributes, child: FIRST_CHILD.exec(rest)?.[1] ?? '', rest };
}
