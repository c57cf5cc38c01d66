import { expect, test } from 'vitest';
import { slots } from '../../src/domain/slots.js';

test('a key has its places and no more, and one that is given back can be taken again', () => {
  const take = slots(2);
  const first = take('a');
  expect([first, take('a'), take('a')].map(place => place !== undefined)).toEqual([true, true, false]);
  expect(take('b')).toBeDefined();
  first?.[Symbol.dispose]();
  expect([take('a'), take('a')].map(place => place !== undefined)).toEqual([true, false]);
});
