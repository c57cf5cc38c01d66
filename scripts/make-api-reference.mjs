// The pages of the API reference, from the descriptors that `buf build` wrote.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiReference } from './api-reference/pages.ts';

const FOLDER = 'docs/api';

rmSync(FOLDER, { recursive: true, force: true }); // a file of the contract may have been renamed
mkdirSync(FOLDER);
for (const [name, text] of apiReference(readFileSync('gen/descriptor.binpb')))
  writeFileSync(join(FOLDER, name), text);
