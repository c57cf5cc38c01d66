import { expect, test } from 'vitest';
import { withoutStacks } from '../../../src/whatsapp/baileys/without-stacks.js';

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
