import { type KeyPair, proto } from '@whiskeysockets/baileys';
import { wallMs } from '../../domain/time/wall-time.js';
import { newKeyPair, sign } from './xeddsa.js';

/** How the server lies about who it is; `honest` does not. Clients must refuse all the others. */
export type CertificateChoice = 'honest' | 'other_root' | 'changed_leaf' | 'changed_intermediate';

/** The server's long-lived keys; the leaf signs nothing, it is the static key of the Noise handshake. */
export type ServerKeys = { readonly root: KeyPair; readonly static: KeyPair };

let ownKeys: ServerKeys | undefined;
const made = new WeakMap<ServerKeys, Record<CertificateChoice, Buffer>>();

/** The keys of a WhatsApp that was not given any: one set for all of a process, for making chains takes long. */
export function defaultServerKeys(): ServerKeys {
  ownKeys ??= { root: newKeyPair(), static: newKeyPair() };
  return ownKeys;
}

const { NoiseCertificate } = proto.CertChain;

/**
 * The certificate chains of a server: root (serial 0, not sent) signs the intermediate, which signs the leaf, which
 * holds the Noise static key. Field names: `CertChain` in Baileys' WAProto.
 */
export function certificateChains(keys: ServerKeys): Record<CertificateChoice, Buffer> {
  const chains = made.get(keys) ?? makeChains(keys);
  made.set(keys, chains);
  return chains;
}

function makeChains({ root, static: leaf }: ServerKeys): Record<CertificateChoice, Buffer> {
  const intermediate = newKeyPair();
  const now = Math.floor(wallMs() / 1000);
  const details = (serial: number, issuerSerial: number, key: Buffer) =>
    NoiseCertificate.Details.encode({
      serial,
      issuerSerial,
      key,
      notBefore: now - 86_400,
      notAfter: now + 365 * 86_400,
    }).finish();
  const intermediateDetails = details(1, 0, Buffer.from(intermediate.public));
  const leafDetails = details(2, 1, Buffer.from(leaf.public));
  const leafSignature = sign(intermediate, leafDetails);
  const intermediateSignature = sign(root, intermediateDetails);

  const chain = (change: { leaf?: Uint8Array; intermediate?: Uint8Array; signature?: Uint8Array }) =>
    Buffer.from(
      proto.CertChain.encode({
        leaf: { details: change.leaf ?? leafDetails, signature: leafSignature },
        intermediate: {
          details: change.intermediate ?? intermediateDetails,
          signature: change.signature ?? intermediateSignature,
        },
      }).finish(),
    );
  return {
    honest: chain({}),
    other_root: chain({ signature: sign(newKeyPair(), intermediateDetails) }),
    changed_leaf: chain({ leaf: details(3, 1, Buffer.from(leaf.public)) }),
    changed_intermediate: chain({ intermediate: details(4, 0, Buffer.from(intermediate.public)) }),
  };
}
