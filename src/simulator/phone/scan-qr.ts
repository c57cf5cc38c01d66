import type { Account, World } from '../world/world.js';
import { failed, type LinkAttempt } from './complete-link.js';
import { linkAgreed } from './passkey-link.js';
import { parseQr } from './qr.js';

/** What happens when the phone's camera sees the QR. */
export async function scanQr(world: World, account: Account, payload: string): Promise<LinkAttempt> {
  const qr = parseQr(payload);
  if (!qr) return failed('not_a_whatsapp_qr');
  const registering = [...world.registering].find(({ refState }) => refState(qr.ref) !== 'unknown');
  if (!registering || registering.used) return failed('unknown_ref');
  if (registering.refState(qr.ref) === 'expired') return failed('expired');
  const { connection, keys } = registering;
  if (!qr.noiseKey.equals(connection.noiseKey) || !qr.identityKey.equals(keys.identityKey)) {
    return failed('wrong_keys');
  }
  if (!registering.accepts(qr.advSecret)) return failed('retired');
  return linkAgreed(world, account, registering, Buffer.from(qr.advSecret, 'base64'));
}
