import { instanceMoved, PrivacyError, type Problem } from '../../domain/errors.js';
import { type Instance, maskPhoneNumber } from '../../domain/instance.js';
import { lifecycleEntry } from '../account/lifecycle.js';
import type { LinkAttempts } from '../account/link-attempts.js';
import { isOver, timeLeft } from '../account/time-left.js';
import { msLeft, notUsable } from '../connecting/connection-state.js';
import type { Dialer } from '../connecting/dialer.js';
import { refusal } from '../connecting/refusal.js';
import type { ManagedInstance } from '../member/managed-instance.js';
import type { ChangeLog } from '../ports/history.js';
import type { CallOptions, LinkOrder } from '../ports/orders.js';
import type { PasskeyStep } from '../ports/passkey-steps.js';
import type { LinkCode, LinkResult } from '../ports/ports.js';
import { latest } from './latest.js';

/** One step of linking. */
export type LinkEvent =
  | { readonly kind: 'code'; readonly code: LinkCode }
  | { readonly kind: 'passkey'; readonly step: PasskeyStep }
  | { readonly kind: 'linked'; readonly instance: Instance };

/** Who links an instance, and with what. */
type Linking = {
  readonly managed: ManagedInstance;
  readonly dialer: Pick<Dialer, 'link' | 'hold'>;
  readonly attempts: LinkAttempts;
  readonly changes: Pick<ChangeLog, 'appending'>;
  readonly order: LinkOrder;
};

/** The first login after linking uploads some 800 keys. */
export const FIRST_LOGIN_MS = 60_000;

/**
 * Links a phone to the instance: gives every code to show, then the linked instance. Leaving the iteration, or the
 * signal, ends the attempt; what a phone has agreed to by then is linked all the same.
 *
 * @throws PrivacyError
 */
export async function* linkInstance(
  linking: Linking,
  call: CallOptions,
): AsyncGenerator<LinkEvent, void, undefined> {
  const { managed } = linking;
  refuseUnlessLinkable(managed);
  // In its turn: an unlink or delete that is under way comes first.
  const attempt = await managed.inTurn(call, () => begin(linking, call)).catch(inTime);
  try {
    yield* attempt.steps;
    const result = await attempt.result;
    if (result.kind !== 'linked')
      throw managed.hasMoved()
        ? instanceMoved(managed.instance)
        : new PrivacyError(problemOf(linking, result));
    await managed.sessionWithin(FIRST_LOGIN_MS).catch(error => firstLoginFailed(managed, error));
    yield { kind: 'linked', instance: managed.view() };
  } finally {
    attempt.leave();
  }
}

/** Whose turn did not come in time has linked nothing in time. */
function inTime(error: unknown): never {
  if (error instanceof PrivacyError && error.problem.kind === 'DEADLINE_TOO_SHORT')
    throw new PrivacyError({ kind: 'LINK_TIMED_OUT', instance: error.problem.instance ?? '' });
  throw error;
}

/** Ends an attempt to link: afterwards the instance is as before it, or linked. */
export async function endLink({ instance, supervisor }: ManagedInstance, call: CallOptions): Promise<void> {
  const { connection } = supervisor;
  if (connection.state !== 'linking') return;
  await connection.end();
  if (isOver(call)) throw new PrivacyError({ kind: 'DEADLINE_TOO_SHORT', instance });
}

/** @throws PrivacyError unless an account may be linked to the instance now */
export function refuseUnlessLinkable({ instance, supervisor: { connection } }: ManagedInstance): void {
  if (connection.state === 'linking') throw new PrivacyError({ kind: 'LINK_IN_PROGRESS', instance });
  if (connection.state === 'suspended') throw notUsable(instance, connection);
  if (connection.state !== 'unlinked' && connection.state !== 'logged_out')
    throw new PrivacyError({ kind: 'INSTANCE_ALREADY_LINKED', instance });
}

/** One attempt. What becomes of the instance does not depend on anybody who waits for it. */
type Attempt = {
  /** Codes to show, and what a person with the passkey has to do. */
  readonly steps: AsyncIterable<LinkEvent>;
  /** Fulfils when the instance is as the result says. */
  readonly result: Promise<LinkResult>;
  leave(): void;
};

async function begin(
  { managed, dialer, attempts, changes, order }: Linking,
  call: CallOptions,
): Promise<Attempt> {
  const { instance, keeper, supervisor } = managed;
  if (managed.isDeleted()) throw new PrivacyError({ kind: 'INSTANCE_NOT_FOUND', instance });
  refuseUnlessLinkable(managed);
  await managed.forgotten();
  const phoneNumber = order.kind === 'pairing_code' ? order.phoneNumber : undefined;
  const giveBack = await attempts.count(instance, phoneNumber);
  const before = supervisor.connection;
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), Math.max(timeLeft(call), 0));
  const steps = latest<LinkEvent>();
  let passkey: PasskeyStep | undefined;
  const ended = Promise.withResolvers<void>();
  await supervisor.rest({
    state: 'linking',
    end() {
      over.abort();
      return ended.promise;
    },
    passkey: () => passkey,
  });

  function showPasskey(step: PasskeyStep) {
    passkey = step;
    steps.show({ kind: 'passkey', step });
  }

  async function settle(result: LinkResult | undefined) {
    clearTimeout(timer);
    if (result && 'record' in result) keeper.written(result.record);
    if (result?.kind === 'linked') supervisor.connect();
    // It is as it was, unless a link had to be cleared again.
    else await supervisor.rest(keeper.record.status === 'unlinked' ? { state: 'unlinked' } : before);
  }

  async function link(): Promise<LinkResult> {
    let result: LinkResult | undefined;
    try {
      result = await dialer.link(instance, order, {
        proxy: keeper.record.proxy,
        signal: AbortSignal.any([call.signal, over.signal]),
        expectedPhoneNumber: keeper.record.phoneNumber || undefined,
        onCode: code => steps.show({ kind: 'code', code }),
        recording: kind => changes.appending([lifecycleEntry(kind, keeper.record, call.author)]),
        passkey: order.passkey && { ...order.passkey, onStep: showPasskey },
      });
      return result;
    } finally {
      if (!result || result.unreached) giveBack();
      await settle(result);
      ended.resolve();
      steps.end();
    }
  }

  const result = link();
  result.catch(() => undefined); // For who waits; perhaps nobody does any more.
  return { steps, result, leave: () => over.abort() };
}

function problemOf({ managed, dialer }: Linking, result: Exclude<LinkResult, { kind: 'linked' }>): Problem {
  const { instance } = managed;
  switch (result.kind) {
    case 'timed_out':
    case 'cancelled':
      return result.passkeyWait
        ? { kind: 'PASSKEY_TIMED_OUT', instance, waitedFor: result.passkeyWait }
        : { kind: 'LINK_TIMED_OUT', instance };
    case 'other_account':
      return {
        kind: 'LINK_OTHER_ACCOUNT',
        instance,
        maskedPhoneNumber: maskPhoneNumber(managed.keeper.record.phoneNumber),
      };
    case 'passkey_required':
      return { kind: 'PASSKEY_REQUIRED', instance };
    case 'passkey_refused': {
      // A limit or a fault of WhatsApp's says nothing about the passkey.
      const problem = refusal(instance, result, undefined);
      return problem.kind === 'WHATSAPP_REJECTED' ? { ...problem, kind: 'PASSKEY_REFUSED' } : problem;
    }
    case 'refused':
      return refusal(instance, result, undefined);
    case 'disconnected':
      return refusal(instance, result.disconnect, dialer.hold());
  }
}

/** Says why a linked instance did not get through its first login. */
export async function firstLoginFailed(managed: ManagedInstance, error: unknown): Promise<never> {
  const { instance, supervisor } = managed;
  const { connection } = supervisor;
  if (connection.state === 'unlinked') {
    await managed.forgotten();
    throw new PrivacyError(
      connection.refused
        ? refusal(instance, connection.refused, undefined)
        : { kind: 'LINK_TIMED_OUT', instance }, // It was unlinked meanwhile.
    );
  }
  if (connection.state !== 'backing_off') throw error;
  const problem = refusal(instance, connection.cause, { leftMs: msLeft(connection) ?? 0 });
  // It is linked and goes on trying: after all but a limit that is what to say, and not that nothing was changed.
  throw problem.kind === 'WHATSAPP_RATE_LIMITED' ? new PrivacyError(problem) : error;
}
