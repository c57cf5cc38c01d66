import { randomBytes } from 'node:crypto';
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { PasskeyWait } from '../../domain/errors.js';
import { clock } from '../../domain/time/clock.js';
import { wallTimeIn } from '../../domain/time/wall-time.js';
import type { PasskeyCaller } from '../../instances/ports/passkey-steps.js';
import { ownCause, unclear } from '../connection/disconnects.js';
import type { InvitationOptions } from './invitation.js';
import { noResult } from './no-result.js';
import {
  type Assertion,
  judgeAssertion,
  ORIGIN,
  parseOptions,
  type RequestOptions,
} from './passkey-assertion.js';
import {
  type CompanionSession,
  confirmationCode,
  handoffProof,
  newCompanionSession,
  type PrimaryIdentity,
  sealPairingRequest,
} from './passkey-session.js';
import * as stanzas from './passkey-stanzas.js';

/** The part of a person with the account's passkey, which WhatsApp asks for once a phone has used a code. */
export type PasskeyCeremony = {
  /** Takes a notification in before it is acknowledged; gives what is to be done after that, if it is about passkeys. */
  notified(node: BinaryNode): (() => unknown) | undefined;
  /** What it waits for; undefined while WhatsApp has asked for nothing. */
  waitsFor(): PasskeyWait | undefined;
  /** Fulfils when it is certain which secret pair-success is to be checked with. */
  settled(): Promise<void>;
  stop(): void;
};

/** One request of WhatsApp's, and what follows from it. */
type Attempt = {
  /** By the clock. */
  readonly begun: number;
  /** What the phone knows of us from the QR or the code. */
  readonly advSecret: Buffer;
  readonly primary: PromiseWithResolvers<PrimaryIdentity>;
  waitsFor: PasskeyWait;
  /** Whether WhatsApp may have what the phone needs to answer. */
  isIntroduced: boolean;
  sealed: Promise<void> | undefined;
  timer: NodeJS.Timeout | undefined;
};

/** Links with a passkey, as `passkey-stanzas.ts` shows it. A second request takes the place of the first. */
export function passkeyCeremony(
  { connection, creds, timeouts, end }: Omit<InvitationOptions, 'show'>,
  caller: PasskeyCaller | undefined,
): PasskeyCeremony {
  let current: Attempt | undefined;

  function begin(): Attempt {
    clearTimeout(current?.timer);
    current = {
      begun: clock(),
      advSecret: Buffer.from(creds.advSecretKey, 'base64'),
      primary: Promise.withResolvers(),
      waitsFor: 'ASSERTION',
      isIntroduced: false,
      sealed: undefined,
      timer: undefined,
    };
    return current;
  }

  /** The answer when WhatsApp did what it was asked to, and nothing took the attempt's place; else it ends. */
  async function ask(attempt: Attempt, stanza: BinaryNode): Promise<BinaryNode | undefined> {
    const answer = await connection.sendIQ(stanza, timeouts.queryMs);
    if (attempt !== current) return undefined;
    if (answer.kind === 'reply' && answer.node.attrs['type'] === 'result') return answer.node;
    end(noResult(answer, 'passkey_refused', 'linking with a passkey'));
    return undefined;
  }

  /** What a person or the phone gives in this time, unless something took the attempt's place; else it ends. */
  async function given<T>(attempt: Attempt, what: PasskeyWait, ms: number, gift: Promise<T>) {
    attempt.waitsFor = what;
    attempt.timer = setTimeout(end, ms, { kind: 'timed_out', passkeyWait: what });
    const value = await gift; // Perhaps never.
    clearTimeout(attempt.timer);
    return attempt === current ? value : undefined;
  }

  async function optionsOf(attempt: Attempt, request: BinaryNode): Promise<RequestOptions | undefined> {
    const sent = parseOptions(stanzas.optionsIn(request));
    if (sent) return sent;
    const answer = await ask(attempt, stanzas.optionsStanza());
    const asked = answer && parseOptions(stanzas.optionsIn(answer));
    if (answer && !asked) unreadable('options for the passkey');
    return asked;
  }

  const unreadable = (what: string) =>
    end({ kind: 'disconnected', disconnect: unclear(`WhatsApp sent ${what} that cannot be read`) });

  /** Has a person make the assertion. */
  function assertionFor(attempt: Attempt, options: RequestOptions, { onStep }: PasskeyCaller) {
    const ms = Math.min(options.timeoutMs ?? timeouts.assertionMs, timeouts.assertionMs);
    const brought = Promise.withResolvers<Assertion>();
    const assertion = given(attempt, 'ASSERTION', ms, brought.promise);
    onStep({
      kind: 'request',
      optionsJson: options.json,
      origin: ORIGIN,
      expiresAt: wallTimeIn(ms),
      answer(text) {
        if (attempt !== current || attempt.waitsFor !== 'ASSERTION') return { kind: 'not_awaited' };
        const judged = judgeAssertion(text, options);
        if ('isOfAnother' in judged) return { kind: 'mismatch' };
        if ('wrong' in judged) return { kind: 'wrong', why: judged.wrong };
        attempt.waitsFor = 'PHONE'; // No second one.
        brought.resolve(judged.assertion);
        return { kind: 'taken' };
      },
    });
    return assertion;
  }

  /** Shows the code; where the phone had no proof of us, until it was compared. */
  async function isCompared(attempt: Attempt, code: string, mustConfirm: boolean, { onStep }: PasskeyCaller) {
    const compared = Promise.withResolvers<true>();
    const ms = timeouts.confirmMs;
    const confirmed = mustConfirm ? given(attempt, 'CONFIRMATION', ms, compared.promise) : true;
    onStep({
      kind: 'code',
      code,
      confirmBy: mustConfirm ? wallTimeIn(ms) : undefined,
      confirm(told) {
        if (attempt !== current || attempt.waitsFor !== 'CONFIRMATION') return { kind: 'not_awaited' };
        if (told !== code) return { kind: 'mismatch' };
        attempt.waitsFor = 'PHONE';
        compared.resolve(true);
        return { kind: 'taken' };
      },
    });
    return await confirmed;
  }

  /** Gives the phone our keys under a new secret, which counts once WhatsApp has taken it. */
  async function seal(attempt: Attempt, session: CompanionSession, primary: PrimaryIdentity): Promise<void> {
    const advSecret = randomBytes(32);
    const keys = {
      noiseKey: creds.noiseKey.public,
      identityKey: creds.signedIdentityKey.public,
      advSecret,
    };
    const sealed = sealPairingRequest(session, primary, keys);
    if (await ask(attempt, stanzas.pairingRequestStanza(sealed)))
      creds.advSecretKey = advSecret.toString('base64');
  }

  async function run(attempt: Attempt, request: BinaryNode, caller: PasskeyCaller): Promise<void> {
    const options = await optionsOf(attempt, request);
    if (!options) return;
    const assertion = await assertionFor(attempt, options, caller);
    if (!assertion) return;

    const answer = await ask(attempt, stanzas.refStanza());
    if (!answer) return;
    const ref = stanzas.refIn(answer);
    if (!ref) return unreadable('a reference');
    const session = newCompanionSession(ref);
    const isYoung = clock() - attempt.begun < timeouts.handoffMs;
    const proof =
      isYoung && !caller.compareCode ? handoffProof(attempt.advSecret, session.prologue) : undefined;
    attempt.isIntroduced = true; // The phone may be faster than WhatsApp's answer.
    if (!(await ask(attempt, stanzas.prologueStanza(assertion, session.prologue, proof)))) return;

    const primary = await given(attempt, 'PHONE', timeouts.phoneMs, attempt.primary.promise);
    if (!primary || !(await ask(attempt, stanzas.nonceStanza(session.nonce)))) return;
    const code = confirmationCode(session, primary);
    if (!(await isCompared(attempt, code, proof === undefined, caller))) return;
    attempt.sealed = seal(attempt, session, primary);
    await attempt.sealed;
    await given(attempt, 'PHONE', timeouts.phoneMs, new Promise(() => undefined)); // Until pair-success.
  }

  function continued(attempt: Attempt, node: BinaryNode): void {
    if (!attempt.isIntroduced) return;
    const primary = stanzas.primaryIn(node);
    if (primary) attempt.primary.resolve(primary);
    else unreadable('a key of the phone');
  }

  return {
    notified(node) {
      const notice = stanzas.passkeyNotice(node);
      if (notice === undefined) return undefined;
      if (notice === 'continuation') {
        const attempt = current;
        return () => attempt && attempt === current && continued(attempt, node);
      }
      const attempt = begin();
      return () => {
        if (attempt !== current) return undefined; // Another one came while this was acknowledged.
        if (!caller) return end({ kind: 'passkey_required' });
        return run(attempt, node, caller).catch(cause => {
          end({ kind: 'disconnected', disconnect: ownCause('Linking with a passkey failed') });
          throw cause; // For the log.
        });
      };
    },
    waitsFor: () => current?.waitsFor,
    settled: async () => current?.sealed?.catch(() => undefined), // Told by `run`.
    stop() {
      clearTimeout(current?.timer);
      current = undefined;
    },
  };
}
