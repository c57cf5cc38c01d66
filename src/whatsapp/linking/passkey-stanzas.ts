import type { BinaryNode } from '@whiskeysockets/baileys';
import { bytesOf, iqStanza, isServer } from '../connection/nodes.js';
import type { Assertion } from './passkey-assertion.js';
import { type PrimaryIdentity, parsePrimaryIdentity } from './passkey-session.js';

/*
 * Linking an account that has a passkey, after its phone has used a QR or a pairing code. All IQs are of `md`:
 *
 * WhatsApp  <notification type="passkey_prologue_request"><passkey_request_options>JSON</passkey_request_options></notification>
 * we        get <passkey_request_options/>, where that came without; the answer holds the same element
 *           … a person has a browser make the assertion …
 * we        get <ref/>
 * we        set <passkey_prologue>…</passkey_prologue>
 * WhatsApp  <notification type="crsc_continuation"><primary_ephemeral_identity/></notification>
 * we        set <companion_nonce/>
 *           … a person compares the codes, where the phone was given no proof …
 * we        set <encrypted_pairing_request/>
 * then      pair-success, by the secret in that
 */

/** A notification of WhatsApp's that is about passkeys; undefined for any other, and for those that others sent. */
export function passkeyNotice({ attrs }: BinaryNode): 'request' | 'continuation' | undefined {
  if (!isServer(attrs['from'])) return undefined;
  return attrs['type'] === 'passkey_prologue_request'
    ? 'request'
    : attrs['type'] === 'crsc_continuation'
      ? 'continuation'
      : undefined;
}

/** The options in a request, or in the answer to `optionsStanza`. */
export const optionsIn = (node: BinaryNode): string | undefined =>
  bytesOf(node, 'passkey_request_options')?.toString();

/** The phone's part in a continuation; undefined when it cannot be read. */
export function primaryIn(node: BinaryNode): PrimaryIdentity | undefined {
  const bytes = bytesOf(node, 'primary_ephemeral_identity');
  return bytes && parsePrimaryIdentity(bytes);
}

/** The reference in the answer to `refStanza`. */
export const refIn = (answer: BinaryNode): string | undefined => bytesOf(answer, 'ref')?.toString();

export const optionsStanza = (): BinaryNode => iqStanza('get', 'md', element('passkey_request_options'));

export const refStanza = (): BinaryNode => iqStanza('get', 'md', element('ref'));

export const prologueStanza = (
  { credentialId, json }: Assertion,
  prologue: Buffer,
  proof: Buffer | undefined,
): BinaryNode =>
  iqStanza('set', 'md', {
    ...element('passkey_prologue'),
    content: [
      element('credential_id', credentialId),
      element('webauthn_assertion', Buffer.from(json)),
      element('prologue_payload', prologue),
      ...(proof ? [element('pairing_handoff_proof', proof)] : []),
    ],
  });

export const nonceStanza = (nonce: Buffer): BinaryNode =>
  iqStanza('set', 'md', element('companion_nonce', nonce));

export const pairingRequestStanza = (sealed: Buffer): BinaryNode =>
  iqStanza('set', 'md', element('encrypted_pairing_request', sealed));

const element = (tag: string, content?: Buffer): BinaryNode => ({
  tag,
  attrs: {},
  ...(content && { content }),
});
