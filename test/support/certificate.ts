import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (name: string) => readFileSync(join(import.meta.dirname, 'tls', name), 'utf8');

/** A self-signed certificate for localhost that is its own CA, and its key. For tests; it protects nothing. */
export const certificate = (): { cert: string; key: string } => ({
  cert: read('cert.pem'),
  key: read('key.pem'),
});
