import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createSecretFile, readSecretFile } from '../../access/secret-file.js';
import { newKey } from './envelope.js';

/**
 * The key that everything secret in the store depends on: the configured one (32 bytes in base64), else that in the
 * data folder's file `master-key`, which is made before there is a `database` file and never after: a new key would
 * leave the data unreadable. Throws with a text for the operator.
 */
export function masterKey(options: { configured: string | undefined; folder: string; database: string }): {
  key: Buffer;
  generated: boolean;
} {
  if (options.configured !== undefined) {
    return { key: parse(options.configured, 'The configured master key'), generated: false };
  }
  const file = join(options.folder, 'master-key');
  const stored = readSecretFile(file);
  if (stored !== undefined) return { key: parse(stored, file), generated: false };
  if (hasData(options.database)) {
    throw new Error(
      `${options.database} was written with a master key, but none is configured and ${file} is missing`,
    );
  }
  const key = newKey();
  if (createSecretFile(file, key.toString('base64'))) return { key, generated: true };
  // Another process was faster.
  return masterKey(options);
}

const hasData = (database: string): boolean => (statSync(database, { throwIfNoEntry: false })?.size ?? 0) > 0;

function parse(text: string, source: string): Buffer {
  const key = Buffer.from(text, 'base64');
  if (!/^[A-Za-z0-9+/]{43}=$/.test(text.trim()) || key.length !== 32) {
    throw new Error(`${source} is not 32 bytes in base64 (make one with: openssl rand -base64 32)`);
  }
  return key;
}
