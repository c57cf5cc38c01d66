import { randomBytes } from 'node:crypto';
import {
  AuthenticatorEmulator,
  PasskeysCredentialsMemoryRepository,
  WebAuthnEmulator,
} from 'nid-webauthn-emulator';
import type { NewAccount } from '../../src/simulator/index.js';

export const WHATSAPP_WEB = 'https://web.whatsapp.com';

/** An authenticator with a passkey of WhatsApp's, in a browser: nobody's code that this repository has. */
export function authenticator() {
  // Else all authenticators of the process share their passkeys.
  const credentialsRepository = new PasskeysCredentialsMemoryRepository();
  const emulator = new WebAuthnEmulator(new AuthenticatorEmulator({ credentialsRepository }));
  const { id, response } = emulator.createJSON(WHATSAPP_WEB, {
    rp: { id: 'whatsapp.com', name: 'WhatsApp' },
    user: { id: randomBytes(16).toString('base64url'), name: 'someone', displayName: 'Someone' },
    challenge: randomBytes(32).toString('base64url'),
    pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
  });
  return {
    /** For the account to which it belongs. */
    passkey: { id, publicKey: response.publicKey ?? '' } satisfies NewAccount['passkey'],
    /** What `navigator.credentials.get` makes of the options on a page of this origin, both as JSON. */
    get: (optionsJson: string, origin = WHATSAPP_WEB): string =>
      JSON.stringify(emulator.getJSON(origin, JSON.parse(optionsJson))),
  };
}
