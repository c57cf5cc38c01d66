import { expect, test } from 'vitest';
import { withoutStacks, withoutStacksUntilItWaits } from '../../../src/whatsapp/baileys/without-stacks.js';

const stackOf = (make: () => Error): string[] => (make().stack ?? '').split('\n').slice(1);

test('errors have a stack before and after, and none in between, also where one is thrown', () => {
  const make = () => new Error('seen');
  expect(stackOf(() => withoutStacks(make))).toEqual([]);
  expect(() =>
    withoutStacks(() => {
      throw make();
    }),
  ).toThrow('seen');
  expect(stackOf(make).length).toBeGreaterThan(1);
});

test('errors have none until the run that asked for it waits, and then have one, also where several ask', async () => {
  const make = () => new Error('seen');
  const runs = [1, 2, 3].map(async () => {
    await Promise.resolve();
    withoutStacksUntilItWaits();
    withoutStacksUntilItWaits();
    expect(stackOf(make)).toEqual([]);
    expect(stackOf(() => withoutStacks(make))).toEqual([]);
    await Promise.resolve();
  });
  await Promise.all(runs);
  expect(stackOf(make).length).toBeGreaterThan(1);
});
