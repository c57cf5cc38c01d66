import { createCipheriv, createDecipheriv, hkdfSync, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Curve, type KeyPair } from '@whiskeysockets/baileys';
import { clock } from '../../domain/time/clock.js';
import { type BinaryNode, bytesOf, child, node } from '../wire/stanza.js';
import { newKeyPair } from '../wire/xeddsa.js';
import type { Account, RegisteringConnection, World } from '../world/world.js';
import { failed, type LinkAttempt } from './complete-link.js';
import { codeRequestOf, sendStage } from './pairing-code.js';
import { linkAgreed } from './passkey-link.js';

/** A code lives so long and takes so many `primary_hello` (zapo, `WaPairingFlow.ts`). */
const CODE_LIFE_MS = 180_000;
const MAX_TRIES = 3;

/** What happens when the owner types a pairing code into the phone. */
export async function enterCode(world: World, account: Account, code: string): Promise<LinkAttempt> {
  const found = codeRequestOf(world, account);
  if (!found) return failed('no_code_request');
  const { registering, request } = found;
  if (clock() - request.started > CODE_LIFE_MS) return failed('expired');
  if (request.hellos >= MAX_TRIES) return failed('too_many_tries');
  request.hellos++;
  if (account.passkey && world.behaviour.passkeyHello === 'without_keys') {
    sendStage(world, registering, { stage: 'primary_hello' }, [
      node('link_code_pairing_ref', {}, request.ref),
    ]);
    return linkAgreed(world, account, registering, undefined);
  }

  // A wrong code unwraps to a wrong key, which shows only when the client's answer does not open.
  const plainCode = code.replace(/[\s-]/g, '').toUpperCase();
  const companionKey = await unwrap(request.wrappedKey, plainCode);
  const ephemeral = newKeyPair();
  const wrapped = await wrap(Buffer.from(ephemeral.public), plainCode);
  if (!registering.connection.isOpen()) return failed('no_answer');
  const finished = new Promise<BinaryNode | undefined>(resolve => {
    request.finish = resolve;
  });
  sendStage(world, registering, { stage: 'primary_hello' }, [
    node('link_code_pairing_wrapped_primary_ephemeral_pub', {}, wrapped),
    node('primary_identity_pub', {}, account.identity.public),
    node('link_code_pairing_ref', {}, request.ref),
  ]);
  const finish = await finished;
  if (!finish) return failed('no_answer');
  const shared = Curve.sharedKey(ephemeral.private, companionKey);
  const secret = advSecret(account.identity, registering, shared, finish);
  return secret ? linkAgreed(world, account, registering, secret) : failed('wrong_code');
}

/** The adv secret that both sides derive; undefined when the client used another code. */
function advSecret(
  identity: KeyPair,
  { keys }: RegisteringConnection,
  shared: Buffer,
  finish: BinaryNode,
): Buffer | undefined {
  const bundle = bytesOf(child(finish, 'link_code_pairing_wrapped_key_bundle'));
  const [salt, iv, sealed] = [bundle.subarray(0, 32), bundle.subarray(32, 44), bundle.subarray(44)];
  const key = hkdf(shared, salt, 'link_code_pairing_key_bundle_encryption_key');
  const opened = openGcm(key, iv, sealed);
  const companionIdentity = bytesOf(child(finish, 'companion_identity_public'));
  const expected = Buffer.concat([keys.identityKey, identity.public]);
  if (!opened?.subarray(0, 64).equals(expected) || !companionIdentity.equals(keys.identityKey)) {
    return undefined;
  }
  const identityShared = Curve.sharedKey(identity.private, keys.identityKey);
  return hkdf(Buffer.concat([shared, identityShared, opened.subarray(64)]), Buffer.alloc(0), 'adv_secret');
}

const codeKey = (code: string, salt: Buffer): Promise<Buffer> =>
  promisify(pbkdf2)(code, salt, 2 ** 17, 32, 'sha256');

/** Salt (32), IV (16), key in AES-256-CTR (32). */
async function wrap(key: Buffer, code: string): Promise<Buffer> {
  const [salt, iv] = [randomBytes(32), randomBytes(16)];
  const cipher = createCipheriv('aes-256-ctr', await codeKey(code, salt), iv);
  return Buffer.concat([salt, iv, cipher.update(key), cipher.final()]);
}

async function unwrap(wrapped: Buffer, code: string): Promise<Buffer> {
  const salt = wrapped.subarray(0, 32);
  const decipher = createDecipheriv('aes-256-ctr', await codeKey(code, salt), wrapped.subarray(32, 48));
  return Buffer.concat([decipher.update(wrapped.subarray(48)), decipher.final()]);
}

const hkdf = (input: Buffer, salt: Buffer, info: string): Buffer =>
  Buffer.from(hkdfSync('sha256', input, salt, info, 32));

function openGcm(key: Buffer, iv: Buffer, sealed: Buffer): Buffer | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv).setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  } catch {
    return undefined;
  }
}
