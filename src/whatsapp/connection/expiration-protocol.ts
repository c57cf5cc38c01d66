import type { BinaryNode } from '@whiskeysockets/baileys';
import { childOf } from './nodes.js';

/**
 * `<ib from="s.whatsapp.net"><client_expiration t="UNIX seconds"/></ib>`: when WhatsApp will refuse this version, or,
 * without `t`, that it will not after all (whatsapp-rust #1314, after `WASmaxInClientExpirationClientExpirationRequest`
 * of WhatsApp Web). Undefined for what cannot be read, which must not pass for a withdrawal.
 */
export function expirationIn(node: BinaryNode): { readonly time: Date | undefined } | undefined {
  const attrs = childOf(node, 'client_expiration')?.attrs;
  if (!attrs) return undefined;
  const seconds = attrs['t'];
  if (seconds === undefined) return { time: undefined };
  return /^\d{1,12}$/.test(seconds) ? { time: new Date(Number(seconds) * 1000) } : undefined;
}
