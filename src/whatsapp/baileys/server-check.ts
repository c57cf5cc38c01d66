import { Curve, proto, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { LRUCache } from 'lru-cache';
import { generateKeyPair, sharedKey } from '../curve/key-agreement.js';
import { isSignedBy } from '../curve/signature-check.js';

/** WhatsApp's own root key, 32 bytes. */
const WHATSAPP_ROOT_KEY: Buffer<ArrayBuffer> = WA_CERT_DETAILS.PUBLIC_KEY;

/** The handshake Baileys is working on in this very run of the event loop. */
let handshake: { agreedWith: Uint8Array[]; leafHolds: boolean } | undefined;

/**
 * Makes Baileys check the server in the handshake that it processes next, synchronously: the root that signed the
 * intermediate certificate, the intermediate that signed the leaf, and that the leaf is about the key the server
 * showed. Baileys leaves the last one out, so that anyone could show WhatsApp's certificates with a key of his own.
 */
export function checkNextHandshake(rootKey: Buffer<ArrayBuffer> = WHATSAPP_ROOT_KEY): void {
  handshake = { agreedWith: [], leafHolds: false };
  WA_CERT_DETAILS.PUBLIC_KEY = rootKey;
  queueMicrotask(() => {
    handshake = undefined;
  });
}

// `Curve` is one mutable object, through which Baileys' handshake and its pairing look up these functions.
Curve.generateKeyPair = generateKeyPair;

Curve.sharedKey = (privateKey, publicKey) => {
  handshake?.agreedWith.push(publicKey);
  return sharedKey(privateKey, publicKey);
};

Curve.verify = (publicKey, message, signature) => {
  const holds = isProven(publicKey, message, signature);
  if (publicKey === WA_CERT_DETAILS.PUBLIC_KEY) return holds && handshake?.leafHolds === true;
  // Baileys verifies the leaf first; before, it agreed on keys with the server's ephemeral and its static key.
  if (handshake) handshake.leafHolds = holds && isAbout(message, handshake.agreedWith[1]);
  return handshake ? handshake.leafHolds : holds;
};

/** Signatures that were found true. The same few certificates are shown to all connections. */
const proven = new LRUCache<string, true>({ max: 64 });

function isProven(...signed: [publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array]): boolean {
  const id = signed.map(bytes => Buffer.from(bytes).toString('base64')).join(' ');
  if (!proven.has(id) && isSignedBy(...signed)) proven.set(id, true);
  return proven.has(id);
}

const isAbout = (certificate: Uint8Array, key: Uint8Array | undefined): boolean =>
  key !== undefined &&
  Buffer.compare(proto.CertChain.NoiseCertificate.Details.decode(certificate).key ?? NONE, key) === 0;

const NONE = Buffer.alloc(0);
