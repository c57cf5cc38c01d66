import {
  type AuthenticationCreds,
  type BinaryNode,
  configureSuccessfulPairing,
} from '@whiskeysockets/baileys';
import { SERVER } from '../connection/nodes.js';

/** A link the phone has agreed to. */
export type Pairing = {
  /** E.164 */
  readonly phoneNumber: string;
  /** What the credentials gain. */
  readonly update: Partial<AuthenticationCreds>;
  /** Sent, it makes the link valid. */
  readonly reply: BinaryNode;
};

const OWN_JID = /^(\d{5,15})(?::\d+)?@s\.whatsapp\.net$/;

/**
 * Checks `<iq><pair-success>…</pair-success></iq>`: that its sender knows the secret we showed, and that the account
 * signed our identity key. Undefined when anything is amiss.
 */
export function pairingOf(stanza: BinaryNode, creds: AuthenticationCreds): Pairing | undefined {
  try {
    const { creds: update, reply } = configureSuccessfulPairing(stanza, creds);
    const [, digits] = OWN_JID.exec(update.me?.id ?? '') ?? [];
    return digits === undefined ? undefined : { phoneNumber: `+${digits}`, update, reply };
  } catch {
    return undefined;
  }
}

/** What WhatsApp Web answers when it cannot verify a pair-success. */
export const declineStanza = ({ attrs }: BinaryNode): BinaryNode => ({
  tag: 'iq',
  attrs: { to: SERVER, type: 'error', id: attrs['id'] ?? '' },
  content: [{ tag: 'error', attrs: { code: '401', text: 'not-authorized' } }],
});
