import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

test('wa-privacy/client exports the contract whole', () => {
  const files = readdirSync(join(ROOT, 'gen/ts/whatsapp/privacy/v1')).toSorted();
  const index = readFileSync(join(ROOT, 'src/client/index.ts'), 'utf8');
  const exported = [...index.matchAll(/export \* from '.*\/privacy\/v1\/(.*)\.js'/g)].map(
    ([, name]) => `${name}.ts`,
  );
  expect(files.length).toBeGreaterThan(5);
  expect(exported).toEqual(files);
});
