import type { BinaryNode } from '@whiskeysockets/baileys';
import { clock } from '../../domain/time/clock.js';
import { wallTimeIn } from '../../domain/time/wall-time.js';
import { bytesOf, childOf } from '../connection/nodes.js';
import type { Invitation, InvitationOptions } from './invitation.js';
import { noResult } from './no-result.js';
import {
  finishStanza,
  helloStanza,
  newPairingCode,
  type PairingCode,
  parsePrimaryHello,
  refOf,
} from './pairing-code.js';

/** WhatsApp's life of a code, and how often it may be typed (zapo `WaPairingFlow.ts`). */
const CODE_MS = 180_000;
const MAX_TRIES = 3;

/** A code that was accepted by WhatsApp and is on show. */
type Announced = PairingCode & { readonly ref: Buffer | undefined; tries: number };

/** One code to type into the phone with this number, replaced when WhatsApp asks for a new one. */
export function codeInvitation(
  { connection, creds, timeouts, show, end }: InvitationOptions,
  phoneNumber: string,
): Invitation {
  let announced: Announced | undefined;
  let hasBegun = false;
  let isStopped = false;
  let expiresAt = 0;
  let timer: NodeJS.Timeout | undefined;

  /** Gives up no earlier than this, by the clock. */
  function waitUntil(time: number) {
    expiresAt = Math.max(expiresAt, time);
    clearTimeout(timer);
    if (!isStopped) timer = setTimeout(end, expiresAt - clock(), { kind: 'timed_out' });
  }

  /** The answer when WhatsApp did what it was asked to; anything else ends the attempt. */
  async function ask(stanza: BinaryNode): Promise<BinaryNode | undefined> {
    const answer = await connection.sendIQ(stanza, timeouts.queryMs);
    if (isStopped) return undefined;
    if (answer.kind === 'reply' && answer.node.attrs['type'] === 'result') return answer.node;
    end(noResult(answer, 'refused', 'linking with a pairing code'));
    return undefined;
  }

  async function announce() {
    announced = undefined;
    const fresh = newPairingCode();
    const answer = await ask(await helloStanza(fresh, phoneNumber, creds));
    // Until WhatsApp has accepted it a code is worth nothing.
    if (!answer) return;
    announced = { ...fresh, ref: refOf(answer), tries: 0 };
    waitUntil(clock() + CODE_MS);
    show({ kind: 'pairing_code', code: fresh.code, expiresAt: wallTimeIn(expiresAt - clock()) });
  }

  async function finish(current: Announced, registration: BinaryNode) {
    const hello = parsePrimaryHello(registration);
    if (!hello || current.tries++ >= MAX_TRIES) return;
    const { stanza, advSecretKey } = await finishStanza(current, phoneNumber, creds, hello);
    creds.advSecretKey = advSecretKey;
    // Typed in its last second, a code still links.
    waitUntil(clock() + timeouts.connectMs);
    await ask(stanza);
  }

  return {
    begin() {
      if (hasBegun) return undefined;
      hasBegun = true;
      return announce();
    },
    // A notification of another type, `companion_reg_refresh` included, concerns QR codes or nothing here.
    notified(node) {
      const registration = childOf(node, 'link_code_companion_reg');
      const current = announced;
      if (node.attrs['type'] !== 'link_code_companion_reg' || !registration || !current) return undefined;
      const ref = bytesOf(registration, 'link_code_pairing_ref');
      if (!ref || (current.ref && !ref.equals(current.ref))) return undefined;
      return () =>
        registration.attrs['stage'] === 'refresh_code' ? announce() : finish(current, registration);
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
