import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergedPage, type PagePart } from '../../../../src/grpc/methods/fleet/merged-page.js';

type One = { readonly name: string; readonly node: number; readonly isAsked: boolean };

const FLEET = fc
  .uniqueArray(
    fc.record({
      name: fc.string({ unit: fc.constantFrom('a', 'b', 'c', '0', '-'), minLength: 1, maxLength: 4 }),
      node: fc.nat({ max: 3 }),
      isAsked: fc.boolean(),
    }),
    { selector: ({ name }) => name, maxLength: 40 },
  )
  .map(fleet => fleet.sort((a, b) => (a.name < b.name ? -1 : 1)));

/** What a node tells of those that it runs, as the service does. */
function partOf(fleet: readonly One[], limit: number): PagePart<string> {
  const told: { name: string; entry: string | undefined }[] = [];
  let found = 0;
  for (const { name, isAsked } of fleet) {
    if (isAsked && ++found > limit) return { told, more: true };
    told.push({ name, entry: isAsked ? name : undefined });
  }
  return { told, more: false };
}

/** All pages, one after another. */
function pagesOf(fleet: readonly One[], pageAfter: (after: string) => ReturnType<typeof mergedPage<string>>) {
  const pages: string[][] = [];
  for (let after = ''; ; ) {
    const { entries, last, more } = pageAfter(after);
    pages.push(entries);
    if (!more || last === undefined) return pages;
    if (pages.length > fleet.length) throw new Error('there is no end to the pages');
    after = last;
  }
}

const nowhere = () => undefined;

test('instances that several nodes run make the pages that one node would give', () => {
  fc.assert(
    fc.property(FLEET, fc.integer({ min: 1, max: 10 }), (fleet, limit) => {
      const behind = (after: string) => fleet.filter(({ name }) => name > after);
      const names = (after: string) => behind(after).map(({ name }) => name);
      const onOne = (after: string) =>
        mergedPage([partOf(behind(after), limit)], names(after), limit, nowhere);
      const onFour = (after: string) => {
        const parts = [0, 1, 2, 3].map(node =>
          partOf(
            behind(after).filter(one => one.node === node),
            limit,
          ),
        );
        return mergedPage(parts, names(after), limit, nowhere);
      };
      const asked = fleet.filter(({ isAsked }) => isAsked).map(({ name }) => name);
      const whole = Array.from({ length: Math.max(Math.ceil(asked.length / limit), 1) }, (_, page) =>
        asked.slice(page * limit, (page + 1) * limit),
      );
      expect(pagesOf(fleet, onOne)).toEqual(whole);
      expect(pagesOf(fleet, onFour)).toEqual(whole);
    }),
  );
});

test('what moves between the answers of its nodes is neither missed nor told twice', () => {
  const MOVE = fc.constantFrom('stays' as const, 'in both' as const, 'in none' as const);
  fc.assert(
    fc.property(
      FLEET,
      fc.array(MOVE, { minLength: 40, maxLength: 40 }),
      fc.integer({ min: 1, max: 10 }),
      (fleet, moves, limit) => {
        const moveOf = new Map(fleet.map(({ name }, index) => [name, moves[index]]));
        const runs = ({ name, node }: One, asked: number) => {
          const move = moveOf.get(name);
          return move !== 'in none' && (node === asked || (move === 'in both' && (node + 1) % 4 === asked));
        };
        const isAsked = new Map(fleet.map(one => [one.name, one.isAsked]));
        const pageAfter = (after: string) => {
          const behind = fleet.filter(({ name }) => name > after);
          const parts = [0, 1, 2, 3].map(node =>
            partOf(
              behind.filter(one => runs(one, node)),
              limit,
            ),
          );
          return mergedPage(
            parts,
            behind.map(({ name }) => name),
            limit,
            name => (isAsked.get(name) ? name : undefined),
          );
        };
        expect(pagesOf(fleet, pageAfter).flat()).toEqual(
          fleet.filter(one => one.isAsked).map(({ name }) => name),
        );
      },
    ),
  );
});

test('an instance in two states in two parts is told in the one that was asked for', () => {
  const left = { told: [{ name: 'a', entry: undefined }], more: false };
  const taken = { told: [{ name: 'a', entry: 'connected' }], more: false };
  expect(mergedPage([left, taken], ['a'], 10, nowhere).entries).toEqual(['connected']);
});

test('a page holds nothing behind the end of a part that has more', () => {
  const cut = { told: [{ name: 'a', entry: 'a' }], more: true };
  const whole = { told: [{ name: 'c', entry: 'c' }], more: false };
  expect(mergedPage([cut, whole], ['a', 'b', 'c'], 10, name => name)).toEqual({
    entries: ['a'],
    last: 'a',
    more: true,
  });
});
