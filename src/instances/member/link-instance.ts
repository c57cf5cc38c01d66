import { PrivacyError, type Problem } from '../../domain/errors.js';
import { type Instance, maskPhoneNumber } from '../../domain/instance.js';
import type { CallOptions } from '../account/orders.js';
import type { LinkCode, LinkMethod, LinkResult, WhatsApp } from '../account/ports.js';
import { timeLeft } from '../account/time-left.js';
import { type ConnectionState, notUsable } from '../connecting/connection-state.js';
import type { ManagedInstance } from './managed-instance.js';

/** One step of linking. */
export type LinkEvent =
  | { readonly kind: 'code'; readonly code: LinkCode }
  | { readonly kind: 'linked'; readonly instance: Instance };

/** The first login after linking uploads some 800 keys. */
const FIRST_LOGIN_MS = 60_000;

/**
 * Links a phone to the instance: gives every code to show, then the linked instance. Leaving the iteration, or the
 * signal, ends the attempt and leaves the instance as it was.
 *
 * @throws PrivacyError
 */
export async function* linkInstance(
  managed: ManagedInstance,
  whatsApp: Pick<WhatsApp, 'link'>,
  method: LinkMethod,
  call: CallOptions,
): AsyncGenerator<LinkEvent, void, undefined> {
  const { instance, supervisor } = managed;
  const before = supervisor.connection;
  if (before.state === 'linking') throw new PrivacyError({ kind: 'LINK_IN_PROGRESS', instance });
  if (before.state === 'suspended') throw notUsable(instance, before);
  if (before.state !== 'unlinked' && before.state !== 'logged_out')
    throw new PrivacyError({ kind: 'INSTANCE_ALREADY_LINKED', instance });

  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), Math.max(timeLeft(call), 0));
  const signal = AbortSignal.any([call.signal, over.signal]);
  const codes = latestCode();
  const linking: ConnectionState = { state: 'linking', end: () => over.abort() };
  await supervisor.rest(linking);
  try {
    const attempt = whatsApp
      .link(instance, method, {
        signal,
        expectedPhoneNumber: managed.keeper.record.phoneNumber || undefined,
        onCode: codes.show,
      })
      .finally(codes.end);
    // Awaited below, but not before the caller has taken the codes.
    attempt.catch(() => undefined);
    for await (const code of codes) yield { kind: 'code', code };
    const result = await attempt;
    if ('record' in result) managed.keeper.written(result.record);
    if (result.kind !== 'linked') throw new PrivacyError(problemOf(managed, result));
    supervisor.connect();
    await managed.sessionWithin(FIRST_LOGIN_MS).catch(() => {
      const refused = supervisor.connection.state === 'logged_out';
      throw new PrivacyError({ kind: refused ? 'WHATSAPP_REJECTED' : 'WHATSAPP_TIMEOUT', instance });
    });
    yield { kind: 'linked', instance: managed.view() };
  } finally {
    clearTimeout(timer);
    over.abort();
    // Nothing else has happened to the instance: it is as it was, unless a link had to be cleared again.
    const isUnlinked = managed.keeper.record.status === 'unlinked';
    if (supervisor.connection === linking) await supervisor.rest(isUnlinked ? { state: 'unlinked' } : before);
  }
}

function problemOf(managed: ManagedInstance, result: Exclude<LinkResult, { kind: 'linked' }>): Problem {
  const { instance } = managed;
  switch (result.kind) {
    case 'timed_out':
    case 'cancelled':
      return { kind: 'LINK_TIMED_OUT', instance };
    case 'other_account':
      return {
        kind: 'LINK_OTHER_ACCOUNT',
        instance,
        maskedPhoneNumber: maskPhoneNumber(managed.keeper.record.phoneNumber),
      };
    case 'refused':
      return result.code === 429
        ? { kind: 'WHATSAPP_RATE_LIMITED', instance, whatsappCode: 429, retryAfterMs: 60_000 }
        : { kind: 'WHATSAPP_REJECTED', instance, whatsappCode: result.code, whatsappText: result.text };
    case 'disconnected': {
      const { code } = result.disconnect;
      return { kind: 'WHATSAPP_TIMEOUT', instance, ...(code !== undefined && { whatsappCode: code }) };
    }
  }
}

/** Hands over the newest code: one that nobody took yet is replaced, for the phone takes only the newest. */
function latestCode() {
  let newest: LinkCode | undefined;
  let ended = false;
  let wake = () => {};
  return {
    show: (code: LinkCode) => {
      newest = code;
      wake();
    },
    end: () => {
      ended = true;
      wake();
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<LinkCode, void, undefined> {
      while (!ended) {
        const code = newest;
        newest = undefined;
        if (code) yield code;
        else await new Promise<void>(resolve => (wake = resolve));
      }
    },
  };
}
