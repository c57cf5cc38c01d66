import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

/** What a listener shows, and the authority of callers' certificates where they must have one; all in PEM. */
export type Certificates = {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa: Buffer | undefined;
};

/** The suites with authenticated encryption and forward secrecy: RFC 9113, appendix A prohibits the others for HTTP/2. */
const SUITES = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

/** How a listener with these certificates speaks TLS. */
export const secureContextOf = ({ cert, key, clientCa }: Certificates): SecureContextOptions => ({
  cert,
  key,
  ...(clientCa && { ca: clientCa }),
  minVersion: 'TLSv1.2',
  ciphers: SUITES,
});

/** Throws with a text for the operator when no listener could use them. */
export function checkCertificates(certificates: Certificates): void {
  try {
    createSecureContext(secureContextOf(certificates));
    expiryOf(certificates);
  } catch (cause) {
    throw new Error('not a certificate and key in PEM that belong together', { cause });
  }
  try {
    // A context takes any text for an authority, and then trusts nobody.
    if (certificates.clientCa) new X509Certificate(certificates.clientCa);
  } catch (cause) {
    throw new Error('the CA of callers is no certificate in PEM', { cause });
  }
}

/** When the certificate of the listener itself ends; those above it clients may not even look at. */
export const expiryOf = ({ cert }: Pick<Certificates, 'cert'>): Date => new X509Certificate(cert).validToDate;
