import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** Of this package, whose package.json is the nearest above this file. */
export const { description, version } = JSON.parse(
  readFileSync(findPackageJSON(import.meta.url) ?? 'package.json', 'utf8'),
) as { description: string; version: string };
