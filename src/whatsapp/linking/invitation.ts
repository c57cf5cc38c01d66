import type { AuthenticationCreds, BinaryNode } from '@whiskeysockets/baileys';
import type { LinkCode, LinkResult } from '../../instances/ports/ports.js';
import type { Connection } from '../connection/connection.js';
import type { Timeouts } from '../connection/connection-options.js';

/** The invitation of a phone: codes to show until it has used one, with a QR code or a typed one. */
export type Invitation = {
  /** WhatsApp is ready to link; `refs` are its references for QR codes. */
  begin(refs: readonly string[]): unknown;
  /** Takes a notification in before it is acknowledged; gives what is to be done after that. */
  notified(node: BinaryNode): (() => unknown) | undefined;
  /** A phone has used a code, or nobody waits for that any more. */
  stop(): void;
};

/** What every invitation needs. */
export type InvitationOptions = {
  readonly connection: Connection;
  /** The new device's identity; `advSecretKey` is what the phone proves to know when it links. */
  readonly creds: AuthenticationCreds;
  readonly timeouts: Timeouts;
  /** Shows a code, in place of the one before. */
  readonly show: (code: LinkCode) => void;
  /** Ends the attempt. */
  readonly end: (result: LinkResult) => void;
};
