import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Principal } from '../../access/tokens.js';

/** What a node says of a call that it passes on, for which the key of all nodes vouches. */
export type Claims = {
  /** Never used again. */
  readonly id: string;
  /** The ids of both nodes. */
  readonly from: string;
  readonly to: string;
  /** Epoch milliseconds. */
  readonly expireMs: number;
  readonly path: string;
  readonly bodyDigest: string;
  /** As its own callers and its log know the call. */
  readonly requestId: string;
  readonly peer: string;
  /** Of a token that was checked. The token itself does not travel. */
  readonly principal: Principal;
  readonly note: Readonly<Record<string, string>>;
};

/** The metadata that carries the proof. */
export const PROOF = 'wa-privacy-hop-bin';
/** How long a proof can be used, and how far apart the clocks of two nodes may be. */
export const PROOF_MS = 5_000;

const MAC_BYTES = 32;

export const digestOfBody = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('base64');

const macOf = (key: Buffer, text: Uint8Array): Buffer => createHmac('sha256', key).update(text).digest();

export function prove(key: Buffer, claims: Claims): Buffer {
  const text = Buffer.from(JSON.stringify(claims));
  return Buffer.concat([macOf(key, text), text]);
}

/** Reads proofs that are meant for this node, each once. */
export type ProofReader = (proof: Buffer, path: string) => Claims | undefined;

/** @param now Epoch milliseconds. */
export function proofReader(key: Buffer, selfId: () => string, now: () => number): ProofReader {
  /** When those that were used expire, oldest first; nobody without the key can add to them. */
  const used = new Map<string, number>();

  function isFirst({ id, expireMs }: Claims): boolean {
    for (const [old, end] of used) {
      if (end > now()) break;
      used.delete(old);
    }
    if (used.has(id)) return false;
    used.set(id, expireMs);
    return true;
  }

  return (proof, path) => {
    const [mac, text] = [proof.subarray(0, MAC_BYTES), proof.subarray(MAC_BYTES)];
    if (mac.length < MAC_BYTES || !timingSafeEqual(mac, macOf(key, text))) return undefined;
    const claims: Claims = JSON.parse(text.toString());
    const leftMs = claims.expireMs - now();
    const isInTime = leftMs > 0 && leftMs <= 2 * PROOF_MS;
    return claims.to === selfId() && claims.path === path && isInTime && isFirst(claims) ? claims : undefined;
  };
}
