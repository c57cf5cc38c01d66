/** What one node tells of the instances that it runs, in the order of their names. */
export type PagePart<Entry> = {
  readonly told: readonly {
    readonly name: string;
    /** Undefined for one that does not belong on the page. */
    readonly entry: Entry | undefined;
  }[];
  /** Whether more that belongs on the page may be behind the last of these. */
  readonly more: boolean;
};

/**
 * The page that one node would give which ran all of these. One that moves meanwhile can be in two parts, of which the
 * first that has an entry holds, or in none.
 *
 * @param names Those that there are, in order: also those that are in no part.
 * @param untold What is said of one that is in none; undefined when it does not belong on the page.
 */
export function mergedPage<Entry>(
  parts: readonly PagePart<Entry>[],
  names: readonly string[],
  limit: number,
  untold: (name: string) => Entry | undefined,
): { entries: Entry[]; last: string | undefined; more: boolean } {
  // Behind the end of a part that has more nobody knows yet what it holds.
  const ends = parts.flatMap(({ told, more }) => (more ? [told.at(-1)?.name ?? ''] : []));
  const isKnown = (name: string) => ends.every(end => name <= end);

  const entries = new Map<string, Entry | undefined>();
  for (const { name, entry } of parts.flatMap(({ told }) => told))
    if (isKnown(name) && entries.get(name) === undefined) entries.set(name, entry);
  for (const name of names) if (isKnown(name) && !entries.has(name)) entries.set(name, untold(name));

  const found = [...entries]
    .flatMap(([name, entry]) => (entry === undefined ? [] : [{ name, entry }]))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = found.slice(0, limit);
  return {
    entries: page.map(({ entry }) => entry),
    last: page.at(-1)?.name,
    more: found.length > limit || ends.length > 0,
  };
}
