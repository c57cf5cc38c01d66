import { describe, expect, test } from 'vitest';
import type { Phone, SessionRecord } from '../../../src/simulator/index.js';
import { node } from '../../../src/simulator/wire/stanza.js';
import { faultsOf, wishesOf } from './support/draws.js';
import { overlapsOf, wordsAfterwards } from './support/witness.js';

const desk = { instance: 'desk', phone: {} as Phone };

/** A session of a process, until something; replaced at a time or not. */
const session = (
  connection: number,
  run: string,
  [from, until]: readonly [number, number | undefined],
  replaced?: number,
): SessionRecord => ({ connection, device: 1, target: `/ws/chat?run=${run}`, from, replaced, until });

describe('two sessions of one account at the same time', () => {
  const taken = (until: number) => [
    session(1, 'n1.1', [0, until], 20_000),
    session(2, 'n2.1', [20_000, undefined]),
  ];

  test('are none where the older had ended', () => {
    const sessions = [session(1, 'n1.1', [0, 19_000]), session(2, 'n2.1', [20_000, undefined])];
    expect(overlapsOf(desk, sessions, [])).toEqual([]);
  });

  test('are a fault where the older process could have closed its own', () => {
    const elsewhere = { run: 'n3.1', from: 1_000, to: 30_000 };
    for (const freezes of [[], [elsewhere], [{ run: 'n1.1', from: 1_000, to: 15_000 }]])
      expect(overlapsOf(desk, taken(20_040), freezes)).toMatchObject([{ ms: 40, isExcused: false }]);
  });

  test('are excused while the older process is frozen, and not when it goes on with it', () => {
    const freeze = { run: 'n1.1', from: 1_000, to: 25_000 };
    expect(overlapsOf(desk, taken(25_400), [freeze])).toMatchObject([{ ms: 5_400, isExcused: true }]);
    expect(overlapsOf(desk, taken(29_000), [freeze])).toMatchObject([{ isExcused: false }]);
    const [older, newer] = taken(0) as [SessionRecord, SessionRecord];
    expect(overlapsOf(desk, [{ ...older, until: undefined }, newer], [freeze])).toMatchObject([
      { isExcused: false },
    ]);
  });

  test('are excused until the end of freezes that leave no time between them', () => {
    const freezes = [
      { run: 'n1.1', from: 1_000, to: 25_000 },
      { run: 'n1.1', from: 25_000, to: 35_000 },
    ];
    expect(overlapsOf(desk, taken(36_000), freezes)).toMatchObject([{ wakingMs: 1_000, isExcused: true }]);
    expect(overlapsOf(desk, taken(39_000), freezes)).toMatchObject([{ isExcused: false }]);
  });

  test('are none where a process replaced its own', () => {
    const sessions = [session(1, 'n1.1', [0, 20_010], 20_000), session(2, 'n1.1', [20_000, undefined])];
    expect(overlapsOf(desk, sessions, [])).toEqual([]);
  });
});

test('a word on a session that was replaced is found', () => {
  const said = (connection: number, time: number) => ({
    connection,
    time,
    phoneNumber: '15550100001',
    device: 1,
    node: node('iq', {}),
  });
  const sessions = [session(1, 'n1.1', [0, 20_500], 20_000), session(2, 'n2.1', [20_000, undefined])];
  const stanzas = [said(1, 19_000), said(2, 20_100), said(1, 20_400)];
  expect(wordsAfterwards(sessions, stanzas)).toEqual([stanzas[2]]);
});

test('what is drawn is the same for the same seed', () => {
  const firstWishes = (seed: number) => [...take(wishesOf(seed), 5)];
  expect(faultsOf(3, 20)).toEqual(faultsOf(3, 20));
  expect(faultsOf(3, 20)).not.toEqual(faultsOf(4, 20));
  expect(firstWishes(3)).toEqual(firstWishes(3));
});

function* take<T>(all: Iterable<T>, count: number): Generator<T> {
  for (const one of all) {
    if (count-- <= 0) return;
    yield one;
  }
}
