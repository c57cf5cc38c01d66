import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const FOLDER = join(import.meta.dirname, '../../proto/whatsapp/privacy/v1');
const CONTRACT = readdirSync(FOLDER).map(file => readFileSync(join(FOLDER, file), 'utf8'));

/** The names of the enums and what is written above them. */
const ENUMS = CONTRACT.flatMap(text =>
  [...text.matchAll(/((?:^ *\/\/.*\n)*) *enum (\w+) \{/gm)].map(([, comment = '', name = '']) => [
    name,
    comment.replaceAll(/\s*\/\/ ?/g, ' '),
  ]),
);

test('there are enums in the contract', () => {
  expect(ENUMS.length).toBeGreaterThan(20);
});

test.each(ENUMS)('%s says what becomes of a number without a name', (_, comment) => {
  expect(comment).toMatch(/\b(?:It|They) grows?[:;] .+\./);
});
