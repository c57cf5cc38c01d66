import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FILE, newestOf, tooOld, versionIn, withVersion } from '../../scripts/whatsapp-version.js';
import { BUILT_IN } from '../../src/domain/version/client-version.js';

const text = readFileSync(join(import.meta.dirname, '../..', FILE), 'utf8');

test('the version that the scripts find is the one that is announced', () => {
  const { revision, releasedOn } = versionIn(text);
  expect(revision).toBe(BUILT_IN.revision);
  expect(new Date(releasedOn)).toEqual(BUILT_IN.releasedAt);
});

test('a release may announce a version for 45 days, and not a day longer', () => {
  const version = { revision: 1_048_032_155, releasedOn: '2026-09-21' };
  expect(tooOld(version, new Date('2026-11-05T23:59:59Z'))).toBeUndefined();
  expect(tooOld(version, new Date('2026-11-06T00:00:00Z'))).toMatch(/^2\.3000\.1048032155 is 46 days old/);
});

test('the newest of the list is taken, without what WhatsApp adds to it', () => {
  const versions = [
    { version: '2.3000.1060000000-alpha', released: '2026-12-24T21:00:00.000Z' },
    { version: '2.3000.1050000000-alpha', released: '2026-10-24T21:00:00.000Z' },
  ];
  const newest = newestOf({ currentVersion: '2.3000.1060000000-alpha', versions });
  expect(newest).toEqual({ revision: 1_060_000_000, releasedOn: '2026-12-24' });
  expect(() => newestOf({ currentVersion: '2.4000.1', versions })).toThrow('no version 2.3000.N');
  expect(versionIn(withVersion(text, newest))).toEqual(newest);
});
