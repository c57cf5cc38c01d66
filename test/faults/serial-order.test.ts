import { describe, expect, test } from 'vitest';
import { type Effects, hasSerialOrder } from './support/serial-order.js';
import type { Values } from './support/settings.js';

const made = (values: Values, ...after: Effects[]): Effects => ({ made: values, perhaps: {}, after });
const START: Values = { last: 'all', status: 'all' };

describe('updates at once', () => {
  const both = made({ last: 'none', status: 'none' });
  const one = made({ last: 'contacts' });

  test('lead to what one order of them gives', () => {
    expect(hasSerialOrder(START, [both, one], { last: 'contacts', status: 'none' })).toBe(true);
    expect(hasSerialOrder(START, [both, one], { last: 'none', status: 'none' })).toBe(true);
  });

  test('do not lead to a mixture, to what nobody asked for, or to nothing', () => {
    const other = made({ last: 'contacts', status: 'contacts' });
    expect(hasSerialOrder(START, [both, other], { last: 'contacts', status: 'none' })).toBe(false);
    expect(hasSerialOrder(START, [both], { last: 'contacts', status: 'none' })).toBe(false);
    expect(hasSerialOrder(START, [both], START)).toBe(false);
  });

  test('keep their order where one began after another had ended', () => {
    const later = made({ last: 'contacts' }, both);
    expect(hasSerialOrder(START, [both, later], { last: 'none', status: 'none' })).toBe(false);
  });

  test('that are unknown may have had their effect or not', () => {
    const unknown: Effects = { made: {}, perhaps: { last: 'none' }, after: [] };
    expect(hasSerialOrder(START, [unknown], START)).toBe(true);
    expect(hasSerialOrder(START, [unknown], { ...START, last: 'none' })).toBe(true);
    expect(hasSerialOrder(START, [unknown], { ...START, last: 'contacts' })).toBe(false);
  });
});
