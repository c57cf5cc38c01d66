import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { givenAway, moveOf, type Sight } from '../../src/cluster/claims.js';
import type { KnownNode } from '../../src/cluster/ports.js';

type Given = { load: number; cap?: number; isDraining?: boolean; isDead?: boolean };

const nodeOf = (index: number, { cap, isDraining = false, isDead = false }: Given): KnownNode => ({
  id: `n${index}`,
  name: 'n',
  address: '127.0.0.1:1',
  version: '1',
  mostInstances: cap,
  startTime: new Date(0),
  isDraining,
  leftMs: isDead ? 0 : 15_000,
});

/** Nodes that run so many each, and so many instances that nobody does. */
function sightOf(given: readonly Given[], free: number): Sight {
  const holders = [
    ...given.flatMap(({ load }, index) => Array.from({ length: load }, () => `n${index}`)),
    ...Array.from({ length: free }, () => undefined),
  ];
  return {
    nodes: given.map((each, index) => nodeOf(index, each)),
    leases: holders.map((node, index) => ({ instance: `i${index}`, node, epoch: 1 })),
  };
}
const moves = (given: readonly Given[], free = 0) =>
  given.map((_, index) => moveOf(`n${index}`, sightOf(given, free)));

describe('a share', () => {
  test('is all of them for a node that is alone, at once', () => {
    expect(moves([{ load: 0 }], 3_000)).toEqual([{ take: 3_000, give: 0, spare: 3_000 }]);
  });

  test('is as much as that of the others, and taken piece by piece', () => {
    expect(moves([{ load: 0 }, { load: 0 }, { load: 0 }], 3_000).map(({ take }) => take)).toEqual([
      50, 50, 50,
    ]);
    expect(moves([{ load: 5 }, { load: 0 }, { load: 0 }], 10).map(({ take }) => take)).toEqual([0, 5, 5]);
  });

  test('is what the others cannot take, at once', () => {
    expect(moves([{ load: 10, cap: 10 }, { load: 0 }], 400)).toMatchObject([{ take: 0 }, { take: 400 }]);
    expect(
      moves(
        [
          { load: 10, cap: 10 },
          { load: 0, cap: 100 },
        ],
        400,
      ),
    ).toMatchObject([{ take: 0, spare: 0 }, { take: 100 }]);
  });

  test('of a new node is given away by those who have more', () => {
    expect(moves([{ load: 150 }, { load: 150 }, { load: 0 }])).toMatchObject([
      { give: 50 },
      { give: 50 },
      { give: 0, take: 0 },
    ]);
  });

  test('is nothing for a node that drains, nor for one that is not among the nodes', () => {
    expect(moves([{ load: 7, isDraining: true }, { load: 0 }], 5)).toEqual([
      { take: 0, give: 7, spare: 0 },
      { take: 5, give: 0, spare: 5 },
    ]);
    expect(moveOf('stranger', sightOf([{ load: 0 }], 5))).toEqual({ take: 0, give: 0, spare: 0 });
  });

  test('counts nothing that a dead node has as free, and keeps nothing for it', () => {
    expect(moves([{ load: 10, isDead: true }, { load: 0 }], 4)[1]).toMatchObject({ take: 4 });
  });
});

const anyNode: fc.Arbitrary<Given> = fc.record(
  {
    load: fc.nat(40),
    cap: fc.integer({ min: 1, max: 60 }),
    isDraining: fc.boolean(),
    isDead: fc.boolean(),
  },
  { requiredKeys: ['load'] },
);
const anyNodes = fc.array(anyNode, { minLength: 1, maxLength: 6 });

describe('of whatever nodes and instances', () => {
  /** All nodes look by turns until none moves anything; dead ones are buried first. */
  function settled(given: readonly Given[], free: number) {
    const nodes = given.filter(({ isDead }) => !isDead).map(each => ({ ...each }));
    let unheld = free + given.reduce((sum, { isDead, load }) => sum + (isDead ? load : 0), 0);
    let turns = 0;
    for (let isMoving = true; isMoving; turns++) {
      isMoving = false;
      for (const [index, node] of nodes.entries()) {
        const { take, give } = moveOf(`n${index}`, sightOf(nodes, unheld));
        node.load += take - give;
        unheld += give - take;
        isMoving ||= take > 0 || give > 0;
      }
      if (turns > 50) throw new Error('it goes to and fro');
    }
    return { nodes, unheld };
  }

  test('nothing goes to and fro, nobody runs more than it wants to, and the shares are even', () => {
    fc.assert(
      fc.property(anyNodes, fc.nat(200), (given, free) => {
        const { nodes, unheld } = settled(given, free);
        const takers = nodes.filter(({ isDraining }) => !isDraining);
        const roomLeft = takers.some(({ load, cap = Number.POSITIVE_INFINITY }) => load < cap);
        if (roomLeft) expect(unheld).toBe(0);
        for (const { isDraining, load } of nodes) if (isDraining) expect(load).toBe(0);
        const highest = Math.max(...takers.map(({ load }) => load));
        const total = nodes.reduce((sum, { load }) => sum + load, unheld);
        const started = given.reduce((sum, { load }) => sum + load, free);
        expect(total).toBe(started);
        // Whoever runs fewer than another either is full, or the rest of the division.
        const level = Math.ceil(total / Math.max(takers.length, 1));
        for (const { load, cap = Number.POSITIVE_INFINITY } of takers) {
          if (load < cap && takers.every(each => each.cap === undefined))
            expect(load).toBeLessThanOrEqual(level);
          if (load > cap) expect(roomLeft).toBe(false);
        }
        expect(highest).toBeLessThanOrEqual(total);
      }),
      { numRuns: 500 },
    );
  });

  test('a look takes no more than is free, and nobody gives and takes at once', () => {
    fc.assert(
      fc.property(anyNodes, fc.nat(200), (given, free) => {
        for (const { take, give, spare } of moves(given, free)) {
          expect(take).toBeLessThanOrEqual(free);
          expect(spare).toBeLessThanOrEqual(free);
          expect(take > 0 && give > 0).toBe(false);
        }
      }),
    );
  });
});

describe('what is given away', () => {
  const running = [
    { name: 'linking', state: 'LINKING' },
    ...Array.from({ length: 20 }, (_, index) => ({ name: `c${index}`, state: 'CONNECTED' })),
    ...Array.from({ length: 5 }, (_, index) => ({ name: `p${index}`, state: 'PARKED' })),
  ] as Parameters<typeof givenAway>[0];

  test('is first what needs no login elsewhere, then some that do', () => {
    expect(givenAway(running, 3)).toEqual(['p0', 'p1', 'p2']);
    const given = givenAway(running, 25);
    expect(given.filter(name => name.startsWith('p'))).toHaveLength(5);
    expect(given.filter(name => name.startsWith('c'))).toHaveLength(10);
  });

  test('is nothing when nothing is to be, and no link that is being made', () => {
    expect(givenAway(running, 0)).toEqual([]);
    expect(givenAway(running, -4)).toEqual([]);
    expect(givenAway([{ name: 'linking', state: 'LINKING' }], 1)).toEqual([]);
  });
});
