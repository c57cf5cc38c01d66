import { randomBytes } from 'node:crypto';
import { buildPairingQRData } from '@whiskeysockets/baileys';
import { wallTimeIn } from '../../domain/time/wall-time.js';
import { BROWSER } from '../baileys/light-socket.js';
import { PING } from '../connection/keep-alive.js';
import type { Invitation, InvitationOptions } from './invitation.js';

/** A code that may be too early is better than none. */
const ACKNOWLEDGED_MS = 1_000;

/**
 * QR codes, one for each reference of WhatsApp's until they are used up.
 *
 * When WhatsApp sends `<notification type="companion_reg_refresh">` the secret in the code on show is retired: only a
 * code with a new secret and the same reference can link (WAWebHandleCompanionReqRefreshNotification). Baileys
 * ignores it, and its own codes keep the old secret (its issue 2737).
 */
export function qrInvitation({ connection, creds, timeouts, show, end }: InvitationOptions): Invitation {
  let refs: string[] = [];
  let current: { ref: string; expiresAt: Date } | undefined;
  let timer: NodeJS.Timeout | undefined;

  function draw() {
    if (!current) return;
    const { ref, expiresAt } = current;
    const noiseKey = base64(creds.noiseKey.public);
    const identityKey = base64(creds.signedIdentityKey.public);
    const code = buildPairingQRData(ref, noiseKey, identityKey, creds.advSecretKey, BROWSER);
    show({ kind: 'qr', code, expiresAt });
  }

  function next(shownMs: number) {
    const ref = refs.shift();
    if (ref === undefined) return end({ kind: 'timed_out' });
    current = { ref, expiresAt: wallTimeIn(shownMs) };
    timer = setTimeout(next, shownMs, timeouts.laterQrMs);
    draw();
  }

  return {
    begin(fresh) {
      clearTimeout(timer);
      refs = [...fresh];
      next(timeouts.firstQrMs);
    },
    notified({ attrs }) {
      if (attrs['type'] !== 'companion_reg_refresh') return undefined;
      creds.advSecretKey = base64(randomBytes(32));
      return async () => {
        // Its answer shows that WhatsApp has the acknowledgement: before, a scan of the new code would fail too.
        await connection.sendIQ(PING, ACKNOWLEDGED_MS);
        draw();
      };
    },
    stop() {
      clearTimeout(timer);
      current = undefined;
    },
  };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
