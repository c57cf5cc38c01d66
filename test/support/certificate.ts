import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** In PEM. Each protects nothing. */
export type Pair = { readonly cert: string; readonly key: string };

const read = (name: string) => readFileSync(join(import.meta.dirname, 'tls', name), 'utf8');

/** A self-signed certificate for localhost that is its own CA, and its key. */
export const certificate = (): Pair => ({ cert: read('cert.pem'), key: read('key.pem') });

/**
 * Others: `renewed` is the same with another key, `expired` has ended. Those of callers come from `callersCa`: `desk`
 * has the CN desk.example.com and the names spiffe://example.com/desk and desk.internal, `bot` the CN bot.example.com
 * and no other name. `service` is for localhost like the first, but signed by `servicesCa`: a client that keeps to
 * RFC 5280 takes no CA for a server.
 */
export const otherCertificate = (name: 'renewed' | 'expired' | 'desk' | 'bot' | 'service'): Pair => ({
  cert: read(`${name}.pem`),
  key: read(`${name}.key.pem`),
});

/** The authority of callers' certificates. */
export const callersCa = (): string => read('callers-ca.pem');

/** The authority of the certificate `service`. */
export const servicesCa = (): string => read('services-ca.pem');
