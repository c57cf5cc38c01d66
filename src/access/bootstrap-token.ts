import { join } from 'node:path';
import { createSecretFile, readSecretFile } from './secret-file.js';
import { newSecret } from './tokens.js';

/**
 * The secret of the first account token: the configured one, else that in the data folder's file `account-token`,
 * which is made when it is missing. Throws with a text for the operator.
 */
export function bootstrapToken(options: { configured: string | undefined; folder: string }): {
  secret: string;
  /** Where it was written, when it was made just now. */
  writtenTo: string | undefined;
} {
  if (options.configured !== undefined) {
    return { secret: checked(options.configured, 'The configured account token'), writtenTo: undefined };
  }
  const file = join(options.folder, 'account-token');
  const stored = readSecretFile(file);
  if (stored !== undefined) return { secret: checked(stored, file), writtenTo: undefined };
  const secret = newSecret();
  if (createSecretFile(file, secret)) return { secret, writtenTo: file };
  // Another process was faster.
  return bootstrapToken(options);
}

function checked(secret: string, source: string): string {
  // A comma would be read as the end of the header's value.
  if (!/^[!-+\--~]{16,512}$/.test(secret)) {
    throw new Error(`${source} is not 16 to 512 characters of ASCII without spaces and commas`);
  }
  return secret;
}
