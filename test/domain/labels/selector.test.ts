import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changedLabels, isLabelKey, isLabelValue, type Labels } from '../../../src/domain/labels/labels.js';
import { parseSelector } from '../../../src/domain/labels/parse-selector.js';
import { matches, type Requirement, selectorText } from '../../../src/domain/labels/selector.js';

const selectorOf = (text: string) => {
  const parsed = parseSelector(text);
  if (parsed.mistake !== undefined) throw new Error(parsed.mistake);
  return parsed.selector;
};

/** Few, so that requirements and labels meet; some are words of the grammar, or names that every object has. */
const KEYS = ['env', 'in', 'notin', 'constructor', 'a.b_c-d', '0'];
const VALUES = ['', 'prod', 'in', 'notin', 'Prod', '-', 'valueOf'];

const key = fc.constantFrom(...KEYS);
const values = fc.uniqueArray(fc.constantFrom(...VALUES), { minLength: 1, maxLength: 4 });
const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({ key, must: fc.constantFrom('exist', 'not_exist'), values: fc.constant([]) }),
  fc.record({ key, must: fc.constantFrom('in', 'notin'), values }),
);
const selector = fc.array(requirement, { minLength: 1, maxLength: 8 });
const labels: fc.Arbitrary<Labels> = fc.dictionary(key, fc.constantFrom(...VALUES));

describe('a selector', () => {
  test('is the same after it was written and read', () => {
    fc.assert(
      fc.property(selector, some => {
        expect(selectorOf(selectorText(some))).toEqual(some);
      }),
      { numRuns: 2000 },
    );
  });

  test('is the same with spaces between all its parts', () => {
    const space = fc.constantFrom(' ', '  ', '\t');
    fc.assert(
      fc.property(selector, space, (some, between) => {
        const wide = selectorText(some).replace(/!=|[=!,()]/g, sign => `${between}${sign}${between}`);
        expect(selectorOf(wide)).toEqual(some);
      }),
    );
  });

  test('matches what a reader of its text would say', () => {
    /** By the text alone, requirement by requirement. */
    const naive = (text: string, present: Map<string, string>): boolean => {
      const [, not, bare] = /^(!?)([^=! ]+)$/.exec(text) ?? [];
      if (bare !== undefined) return present.has(bare) === (not === '');
      const [, name = '', sign, value] = /^([^=! ]+)(=|!=)(.*)$/.exec(text) ?? [];
      if (sign === '=') return present.get(name) === value;
      if (sign === '!=') return present.get(name) !== value;
      const [, of = '', word, set = ''] = /^(\S+) (in|notin) \((.*)\)$/.exec(text) ?? [];
      const isIn = set.split(',').some(one => present.get(of) === one);
      return word === 'in' ? isIn : !isIn;
    };
    let matched = 0;
    fc.assert(
      fc.property(fc.array(requirement, { minLength: 1, maxLength: 3 }), labels, (some, present) => {
        const map = new Map(Object.entries(present));
        const expected = some.every(one => naive(selectorText([one]), map));
        if (expected) matched++;
        expect(matches(some, present)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
    expect(matched).toBeGreaterThan(300);
  });

  test.each([
    ['env=prod', { env: 'prod' }, true],
    ['env==prod', { env: 'prod' }, true],
    ['env=prod', { env: 'Prod' }, false],
    ['env=', { env: '' }, true],
    ['env=', {}, false],
    ['env!=prod', {}, true],
    ['env!=prod', { env: 'prod' }, false],
    ['vip', { vip: '' }, true],
    ['vip', {}, false],
    ['!old', {}, true],
    ['!old', { old: 'no' }, false],
    ['constructor', {}, false],
    ['env in (prod, test)', { env: 'test' }, true],
    ['env in (prod,test)', {}, false],
    ['env notin (prod,test)', {}, true],
    ['env notin(prod)', { env: 'prod' }, false],
    ['env=prod,site!=berlin,vip,!old', { env: 'prod', vip: 'x', site: 'paris' }, true],
    ['env=prod,site!=berlin,vip,!old', { env: 'prod', vip: 'x', site: 'berlin' }, false],
  ])('%s on %j: %s', (text, present: Labels, expected) => {
    expect(matches(selectorOf(text), present)).toBe(expected);
  });

  test.each([
    ['', 'must have the key of a label', 1],
    ['  ', 'must have the key of a label', 3],
    ['env=prod,', 'must have the key of a label', 10],
    ['Env=prod', 'must have the key of a label', 1],
    ['!', 'must have the key of a label', 2],
    ['__proto__', 'must have the key of a label', 1],
    [`${'k'.repeat(64)}=v`, 'must have the key of a label', 1],
    ['env=prod site=berlin', "must have ','", 10],
    ['env=prod;vip', "must have ','", 9],
    ['env=prod)', "must have ','", 9],
    ['env>3', "must have ','", 4],
    [`env=${'v'.repeat(64)}`, 'must have the value of a label', 5],
    ['env=!', 'must have the value of a label', 5],
    ['env in prod', "must have '('", 8],
    ['env in ()', 'must have a value', 9],
    ['env in (prod', "must have ',' or ')'", 13],
    ['env in (prod test)', "must have ',' or ')'", 14],
  ])("of '%s' is told: %s at character %i", (text, mistake, position) => {
    const parsed = parseSelector(text);
    expect(parsed.mistake).toMatch(new RegExp(`^${mistake.replace(/[()]/g, String.raw`\$&`)}`));
    expect(parsed.mistake).toMatch(new RegExp(`at character ${position}$`));
  });

  test('has at most 512 characters and 16 requirements', () => {
    const keys = (count: number) => Array.from({ length: count }, (_, index) => `k${index}`).join(',');
    expect(parseSelector(keys(16)).mistake).toBeUndefined();
    expect(parseSelector(keys(17)).mistake).toBe('has 17 requirements, at most 16 are allowed');
    expect(parseSelector(`k${' '.repeat(511)}`).mistake).toBeUndefined();
    expect(parseSelector(`k${' '.repeat(512)}`).mistake).toBe('has more than 512 characters');
  });

  test('is never read past what it says: any text is read or told to be wrong', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('ab=!,() inot'), '\u{1f600}') }), text => {
        const parsed = parseSelector(text);
        if (parsed.mistake === undefined)
          expect(selectorOf(selectorText(parsed.selector))).toEqual(parsed.selector);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('labels', () => {
  test('are changed key by key, and the others stay', () => {
    const before = { env: 'prod', site: 'berlin', vip: '' };
    expect(changedLabels(before, { set: { env: 'test', tier: '1' }, remove: ['vip', 'absent'] })).toEqual({
      env: 'test',
      site: 'berlin',
      tier: '1',
    });
    expect(before).toEqual({ env: 'prod', site: 'berlin', vip: '' });
  });

  test('have keys and values as the contract says', () => {
    for (const good of ['a', '0', 'a.b_c-d', 'k'.repeat(63)]) expect(isLabelKey(good)).toBe(true);
    for (const bad of ['', 'A', '-a', '.a', '_a', 'a/b', 'a b', 'ä', 'a\n', 'k'.repeat(64)])
      expect(isLabelKey(bad)).toBe(false);
    for (const good of ['', 'A', '-', 'a.B_c-1', 'v'.repeat(63)]) expect(isLabelValue(good)).toBe(true);
    for (const bad of [' ', 'a,b', 'a=b', 'a)', 'ä', 'a\n', 'v'.repeat(64)])
      expect(isLabelValue(bad)).toBe(false);
  });
});
