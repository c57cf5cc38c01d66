import { randomBytes } from 'node:crypto';
import { clock } from '../../domain/time/clock.js';
import type { IqPlan } from '../answers/iq-plan.js';
import {
  attr,
  type BinaryNode,
  bytesOf,
  child,
  children,
  node,
  refusal,
  result,
  SERVER,
  seconds,
} from '../wire/stanza.js';
import { isAssertionOf, type PasskeyOptions, passkeyOptions } from '../world/passkey.js';
import type { Account, RegisteringConnection, World } from '../world/world.js';
import { type Prologue, readPrologue } from './primary-session.js';

/*
 * The server's part in linking with a passkey, whose steps are IQs of the client in the namespace `md`:
 *
 * server   <notification type="passkey_prologue_request"><passkey_request_options>JSON</passkey_request_options></notification>
 * client   get <passkey_request_options/> where that came without
 * client   get <ref/>
 * client   set <passkey_prologue><credential_id/><webauthn_assertion/><prologue_payload/>[<pairing_handoff_proof/>]</passkey_prologue>
 * server   <notification type="crsc_continuation"><primary_ephemeral_identity/></notification>
 * client   set <companion_nonce/>, set <encrypted_pairing_request/>
 */

/** What the client sends to the phone through the server; undefined when the exchange is over before. */
export type PasskeyExchange = {
  readonly prologue: Promise<(Prologue & { readonly proof: Buffer | undefined }) | undefined>;
  readonly nonce: Promise<Buffer | undefined>;
  readonly pairingRequest: Promise<Buffer | undefined>;
  /** Whether the server has refused an assertion. */
  isRefused(): boolean;
};

/** Asks a client for the passkey of an account, in place of what it was asked before, and serves it until it goes. */
export function openPasskeyExchange(
  world: World,
  account: Account,
  registering: RegisteringConnection,
  advSecret: Buffer | undefined,
): PasskeyExchange {
  const { behaviour } = world;
  const options = passkeyOptions(behaviour.passkeyTimeoutMs);
  const asked = clock();
  const prologue = Promise.withResolvers<Awaited<PasskeyExchange['prologue']>>();
  const nonce = Promise.withResolvers<Buffer | undefined>();
  const pairingRequest = Promise.withResolvers<Buffer | undefined>();
  let ref: string | undefined;
  let isRefused = false;

  /** Judges the assertion, and what comes with it. */
  function received(iq: BinaryNode, sent: BinaryNode): IqPlan {
    const text = bytesOf(child(sent, 'webauthn_assertion')).toString();
    const read = readPrologue(bytesOf(child(sent, 'prologue_payload')));
    const isExpired = clock() - asked > behaviour.passkeyTimeoutMs;
    const isTrue = account.passkey !== undefined && isAssertionOf(account.passkey, options, text);
    const isNamed = account.passkey?.id.equals(bytesOf(child(sent, 'credential_id'))) ?? false;
    if (!isTrue || !isNamed || isExpired || !read || read.ref !== ref) {
      isRefused = true;
      return { reply: () => refusal(iq, 401), after: () => prologue.resolve(undefined) };
    }
    const proof = child(sent, 'pairing_handoff_proof');
    return {
      reply: () => result(iq),
      after: () => prologue.resolve({ ...read, proof: proof && bytesOf(proof) }),
    };
  }

  function plan(iq: BinaryNode): IqPlan {
    const [part] = children(iq);
    switch (`${attr(iq, 'type')} ${part?.tag}`) {
      case 'get passkey_request_options':
        return { reply: () => result(iq, [optionsNode(options)]) };
      case 'get ref':
        ref = `3@${randomBytes(24).toString('base64')}`;
        return { reply: () => result(iq, [node('ref', {}, Buffer.from(ref ?? ''))]) };
      case 'set passkey_prologue':
        return part ? received(iq, part) : { reply: () => refusal(iq, 400) };
      case 'set companion_nonce':
        return { reply: () => result(iq), after: () => nonce.resolve(bytesOf(part)) };
      case 'set encrypted_pairing_request':
        return { reply: () => result(iq), after: () => pairingRequest.resolve(bytesOf(part)) };
      default:
        return { reply: () => refusal(iq, 400) };
    }
  }

  function close() {
    for (const { resolve } of [prologue, nonce, pairingRequest]) resolve(undefined);
  }

  registering.passkey?.close();
  registering.passkey = { account, advSecret, plan, close };
  const content = { whole: [optionsNode(options)], garbled: [optionsNode('{')], without_options: [] };
  const attrs = { from: SERVER, type: 'passkey_prologue_request', id: world.nextId(), t: seconds() };
  registering.connection.send(node('notification', attrs, content[behaviour.passkeyRequest]));
  return {
    prologue: prologue.promise,
    nonce: nonce.promise,
    pairingRequest: pairingRequest.promise,
    isRefused: () => isRefused,
  };
}

const optionsNode = (options: PasskeyOptions | string): BinaryNode =>
  node(
    'passkey_request_options',
    {},
    Buffer.from(typeof options === 'string' ? options : JSON.stringify(options)),
  );
