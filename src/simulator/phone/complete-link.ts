import { wallTime } from '../../domain/time/wall-time.js';
import { bytesOf, child, node, resultChild, SERVER, seconds } from '../wire/stanza.js';
import { jidOf, lidOf } from '../world/accounts.js';
import { serverMs } from '../world/inactivity.js';
import type { Account, Device, RegisteringConnection, World } from '../world/world.js';
import { deviceIdentity } from './device-identity.js';

/** An account has at most four companions (WhatsApp's FAQ on linked devices). */
const MAX_DEVICES = 4;

/** Why a phone says that it could not link. */
export type LinkFailure =
  | 'not_a_whatsapp_qr'
  /** No connection has this ref: another server's, or its client has gone. */
  | 'unknown_ref'
  | 'expired'
  /** The client shows other keys than it registered. */
  | 'wrong_keys'
  /** The adv secret was retired by `companion_reg_refresh`; scan a newer QR. */
  | 'retired'
  | 'too_many_devices'
  /** No client asked for a code for this number. */
  | 'no_code_request'
  | 'wrong_code'
  | 'too_many_tries'
  /** What the client announces is too old to be linked; it hears nothing of that. */
  | 'client_outdated'
  /** No client is asked for the passkey of this account. */
  | 'no_passkey_request'
  /** The server did not take the assertion that the client brought. */
  | 'passkey_refused'
  /** The client does not know the secret of the QR or of the code. */
  | 'wrong_proof'
  /** The client shows another nonce than it had committed itself to. */
  | 'broken_commitment'
  | 'unreadable_pairing_request'
  /** The companion answered pair-success with an error, with a wrong signature, or not at all. */
  | 'refused_by_companion'
  | 'bad_device_signature'
  | 'no_answer';

export type LinkAttempt =
  | { readonly linked: true; readonly device: number }
  | { readonly linked: false; readonly reason: LinkFailure };

export const failed = (reason: LinkFailure): LinkAttempt => ({ linked: false, reason });

/** Sends `pair-success`, checks the companion's signature, adds the device and asks it to reconnect (515). */
export async function completeLink(
  world: World,
  account: Account,
  registering: RegisteringConnection,
  advSecret: Buffer,
): Promise<LinkAttempt> {
  if (account.devices.size >= MAX_DEVICES) return failed('too_many_devices');
  const { connection, keys } = registering;
  if (connection.revision < world.behaviour.minLinkRevision) return failed('client_outdated');
  registering.used = true;
  const id = account.nextDevice++;
  const identity = deviceIdentity(
    account.identity,
    keys.identityKey,
    advSecret,
    id,
    world.behaviour.pairSuccess,
  );
  const attrs = { from: SERVER, type: 'set', id: world.nextId(), xmlns: 'md', t: seconds() };
  const answer = await connection.ask(
    node('iq', attrs, [
      node('pair-success', {}, [
        node('device-identity', {}, identity.sealed),
        node('device', { jid: jidOf(account, id), lid: lidOf(account, id) }),
        node('platform', { name: 'android' }),
      ]),
    ]),
  );
  if (!answer) return failed('no_answer');
  const signed = child(resultChild(answer), 'device-identity');
  if (!signed) {
    connection.end();
    return failed('refused_by_companion');
  }
  if (!identity.isConfirmedBy(bytesOf(signed))) {
    connection.streamError(401);
    return failed('bad_device_signature');
  }
  const device: Device = {
    id,
    noiseKey: connection.noiseKey,
    linkTime: wallTime(),
    lastActive: new Date(serverMs(world)),
    isAvailable: false,
    keys,
    unacked: [],
    refused: new Set(),
    dirty: new Set(),
    held: new Set(),
    connection: undefined,
    delivery: undefined,
  };
  account.devices.set(id, device);
  world.changed();
  connection.streamError(515);
  return { linked: true, device: id };
}
