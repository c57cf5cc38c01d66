import { node, SERVER, seconds } from '../wire/stanza.js';
import type { Account, RegisteringConnection, World } from '../world/world.js';
import { completeLink, failed, type LinkAttempt } from './complete-link.js';
import { openPasskeyExchange } from './passkey-exchange.js';
import {
  confirmationCode,
  isCommittedTo,
  isProven,
  newPrimarySession,
  openPairingRequest,
  type PrimarySession,
  primaryIdentity,
} from './primary-session.js';

/**
 * Links a companion whose QR was scanned or whose code was typed: at once, or where the account has a passkey after the
 * client has brought an assertion of it.
 *
 * @param advSecret What the phone knows from the QR or the code; undefined when it knows nothing.
 */
export async function linkAgreed(
  world: World,
  account: Account,
  registering: RegisteringConnection,
  advSecret: Buffer | undefined,
): Promise<LinkAttempt> {
  if (!account.passkey)
    return advSecret ? completeLink(world, account, registering, advSecret) : failed('wrong_code');
  const exchange = openPasskeyExchange(world, account, registering, advSecret);
  const prologue = await exchange.prologue;
  if (!prologue) return failed(exchange.isRefused() ? 'passkey_refused' : 'no_answer');
  if (prologue.proof && advSecret && !isProven(prologue, prologue.proof, advSecret))
    return failed('wrong_proof');

  const session = newPrimarySession();
  sendContinuation(world, registering, session);
  const nonce = await exchange.nonce;
  if (!nonce) return failed('no_answer');
  if (!isCommittedTo(prologue, nonce)) return failed('broken_commitment');
  account.confirmationCode = confirmationCode(session, nonce);

  const sealed = await exchange.pairingRequest;
  if (!sealed) return failed('no_answer');
  const request = openPairingRequest(session, prologue, sealed);
  if (!request) return failed('unreadable_pairing_request');
  const { connection, keys } = registering;
  if (!request.noiseKey.equals(connection.noiseKey) || !request.identityKey.equals(keys.identityKey))
    return failed('wrong_keys');
  const secret = world.behaviour.pairSuccess === 'old_secret' ? advSecret : request.advSecret;
  return completeLink(world, account, registering, secret ?? request.advSecret);
}

/** Asks the client that is linking this account for its passkey once more, with another challenge. */
export async function askPasskeyAgain(world: World, account: Account): Promise<LinkAttempt> {
  const registering = [...world.registering].find(({ passkey }) => passkey?.account === account);
  if (!registering) return failed('no_passkey_request');
  return linkAgreed(world, account, registering, registering.passkey?.advSecret);
}

function sendContinuation(
  world: World,
  { connection }: RegisteringConnection,
  session: PrimarySession,
): void {
  const { passkeyContinuation: how } = world.behaviour;
  if (how === 'never') return;
  const shown = how === 'short' ? { ...session, nonce: session.nonce.subarray(0, 31) } : session;
  for (let times = how === 'twice' ? 2 : 1; times > 0; times--) {
    const attrs = { from: SERVER, type: 'crsc_continuation', id: world.nextId(), t: seconds() };
    const identity = node('primary_ephemeral_identity', {}, primaryIdentity(shown));
    connection.send(node('notification', attrs, [identity]));
  }
}
