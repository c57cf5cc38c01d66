import type { PeerCertificate } from 'node:tls';
import type { Principal } from '../../access/tokens.js';
import { certificateNames } from '../../tls/certificate-names.js';

/** A call of grpc-js, as far as it tells of its connection. */
export type Authenticated = { getAuthContext(): { sslPeerCertificate?: PeerCertificate } };

/** The names of the certificate of a caller's connection; none without mutual TLS. */
function namesOfCaller(call: Authenticated): readonly string[] {
  const { sslPeerCertificate } = call.getAuthContext();
  return sslPeerCertificate ? certificateNames(sslPeerCertificate) : [];
}

/** Whether the token is bound to no certificate, or to that of the caller's connection. */
export const isBoundTo = ({ certificateSubject }: Principal, call: Authenticated): boolean =>
  certificateSubject === undefined || namesOfCaller(call).includes(certificateSubject);
