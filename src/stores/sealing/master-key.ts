import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createSecretFile, readSecretFile } from '../../access/secret-file.js';
import { newKey } from './envelope.js';

/**
 * The key that everything secret in the store depends on: the configured one (32 bytes in base64), else that in the
 * data folder's file `master-key`, which is made before there is a `database` file and never after: a new key would
 * leave the data unreadable. What is in no file is compared when it is opened. Throws with a text for the operator.
 */
export function masterKey(options: {
  configured: string | undefined;
  folder: string;
  database: string | undefined;
}): { key: Buffer; generated: boolean } {
  const found = findMasterKey(options);
  if (found !== undefined) return { key: found, generated: false };
  const file = masterKeyFile(options.folder);
  if (options.database !== undefined && hasData(options.database)) {
    throw new Error(
      `${options.database} was written with a master key, but none is configured and ${file} is missing`,
    );
  }
  const key = newKey();
  if (createSecretFile(file, key.toString('base64'))) return { key, generated: true };
  // Another process was faster.
  return masterKey(options);
}

/** The configured key, else that in the data folder, if there is one. Throws with a text for the operator. */
export function findMasterKey(options: {
  configured: string | undefined;
  folder: string;
}): Buffer | undefined {
  if (options.configured !== undefined) return parse(options.configured, 'The configured master key');
  const file = masterKeyFile(options.folder);
  const stored = readSecretFile(file);
  return stored === undefined ? undefined : parse(stored, file);
}

/** Where a generated master key is. */
export const masterKeyFile = (folder: string): string => join(folder, 'master-key');

const hasData = (database: string): boolean => (statSync(database, { throwIfNoEntry: false })?.size ?? 0) > 0;

function parse(text: string, source: string): Buffer {
  const key = Buffer.from(text, 'base64');
  if (!/^[A-Za-z0-9+/]{43}=$/.test(text.trim()) || key.length !== 32) {
    throw new Error(`${source} is not 32 bytes in base64 (make one with: openssl rand -base64 32)`);
  }
  return key;
}
