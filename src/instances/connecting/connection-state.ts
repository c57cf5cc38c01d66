import type { Disconnect } from '../../domain/disconnect.js';
import { instanceMoved, PrivacyError } from '../../domain/errors.js';
import type { Instance, InstanceState } from '../../domain/instance.js';
import { shownProxy } from '../../domain/proxy.js';
import { clock } from '../../domain/time/clock.js';
import { type Due, dueIn, dueOn } from '../../domain/time/due.js';
import type { PasskeyStep } from '../ports/passkey-steps.js';
import type { Session } from '../ports/ports.js';
import type { InstanceRecord } from '../ports/store.js';
import type { Hold } from './breaker.js';
import { sharedProblem } from './refusal.js';

/** The life of one instance's connection. Each state carries what belongs to it and nothing else. */
export type ConnectionState =
  /** `refused`: the first login with its last link was refused for good, so the link was forgotten. */
  | { readonly state: 'unlinked'; readonly refused?: Disconnect }
  | {
      readonly state: 'linking';
      /** Ends the attempt to link, and fulfils when the state is the one that follows: linked, or as before. */
      readonly end: () => Promise<void>;
      /** The step with a passkey that waits, if one was asked for. */
      readonly passkey: () => PasskeyStep | undefined;
    }
  | { readonly state: 'connecting' }
  | { readonly state: 'connected'; readonly session: Session }
  /** Linked and not connected, for nobody needs it; `until` it is connected all the same. */
  | ({ readonly state: 'parked' } & Due)
  | ({
      readonly state: 'backing_off';
      readonly reason: string;
      readonly cause: Disconnect;
      /** Aborts when the next attempt need not wait until then. */
      readonly over?: AbortSignal;
    } & Due)
  | { readonly state: 'logged_out'; readonly reason: string; readonly code?: number | undefined }
  /** Without an end that is known it lasts until somebody asks for a connection. */
  | ({ readonly state: 'suspended'; readonly reason: string } & Partial<Due>)
  | { readonly state: 'conflict'; readonly reason: string }
  /** Another node is to run it. */
  | { readonly state: 'moved' };

/** Waits so long before the next attempt, or for the hold of the node. */
export const backingOff = (
  waitMs: number,
  cause: Disconnect,
  hold?: Pick<Hold, 'until' | 'over'>,
): ConnectionState => ({
  state: 'backing_off',
  ...dueIn(waitMs),
  reason: cause.text,
  cause,
  ...(hold && { until: hold.until, over: hold.over }),
});

/** Milliseconds until a state ends by itself; undefined for one that does not. */
export function msLeft(connection: ConnectionState): number | undefined {
  const dueAt = 'dueAt' in connection ? connection.dueAt : undefined;
  return dueAt && Math.max(dueAt - clock(), 0);
}

/**
 * Each state in the words of the API, and in those of the record. A state without one leaves the record as it is; what a
 * link or its end makes of it, `CredentialStore` writes.
 */
const WORDS = {
  unlinked: { api: 'UNLINKED' },
  linking: { api: 'LINKING' },
  connecting: { api: 'CONNECTING' },
  connected: { api: 'CONNECTED', stored: 'linked' },
  parked: { api: 'PARKED' },
  backing_off: { api: 'CONNECTING' },
  logged_out: { api: 'LOGGED_OUT', stored: 'logged_out' },
  suspended: { api: 'SUSPENDED', stored: 'suspended' },
  conflict: { api: 'CONFLICT', stored: 'conflict' },
  moved: { api: 'CONNECTING' },
} as const satisfies Record<
  ConnectionState['state'],
  { readonly api: InstanceState; readonly stored?: InstanceRecord['status'] }
>;

/**
 * A linked instance is connected at start, unless it may stay parked; a suspended one waits for its time, or is tried
 * once when it has none.
 */
export function initialState(
  { status, statusReason: reason, retryTime: until }: InstanceRecord,
  parked: Due | undefined,
): ConnectionState {
  switch (status) {
    case 'linked':
      return parked ? { state: 'parked', ...parked } : { state: 'connecting' };
    case 'suspended':
      return until ? { state: 'suspended', reason, ...dueOn(until) } : { state: 'connecting' };
    case 'unlinked':
      return { state: 'unlinked' };
    default:
      return { state: status, reason };
  }
}

/** What of a state outlives the process; undefined when nothing does. */
export function storedOf(
  connection: ConnectionState,
): Pick<InstanceRecord, 'status' | 'statusReason' | 'retryTime'> | undefined {
  const words = WORDS[connection.state];
  if (!('stored' in words)) return undefined;
  return {
    status: words.stored,
    statusReason: reasonOf(connection),
    retryTime: connection.state === 'suspended' ? connection.until : undefined,
  };
}

function reasonOf(connection: ConnectionState): string {
  if (connection.state === 'connected')
    return connection.session.offlineQueue.state === 'STALLED' ? QUEUE_STALLED : '';
  return 'reason' in connection ? connection.reason : '';
}
const QUEUE_STALLED =
  'WhatsApp does not send the rest of what it kept for this device, and may not tell of changes';
const nextAttemptTimeOf = (connection: ConnectionState): Date | undefined =>
  'until' in connection ? connection.until : undefined;

/** An instance as callers see it. */
export function viewOf(record: InstanceRecord, connection: ConnectionState): Instance {
  const { name, displayName, phoneNumber, createTime, linkTime, lastConnectTime } = record;
  const { connectionMode, lastPresenceTime, presence, proxy, revision, labels } = record;
  // The record says so a moment later: what it knew of the account is being removed from the store.
  const isForgotten = connection.state === 'unlinked';
  return {
    name,
    displayName,
    state: WORDS[connection.state].api,
    stateReason: reasonOf(connection),
    phoneNumber: isForgotten ? '' : phoneNumber,
    createTime,
    linkTime: isForgotten ? undefined : linkTime,
    lastConnectTime,
    nextAttemptTime: nextAttemptTimeOf(connection),
    connectionMode,
    proxy: proxy === undefined ? '' : shownProxy(proxy),
    offlineQueue: connection.state === 'connected' ? connection.session.offlineQueue.state : undefined,
    lastPresenceTime,
    presence,
    revision,
    labels,
  };
}

/** Why an instance in this state cannot be used. */
export function notUsable(instance: string, connection: ConnectionState): PrivacyError {
  switch (connection.state) {
    case 'unlinked':
    case 'linking':
      return new PrivacyError({
        kind: 'INSTANCE_NOT_LINKED',
        instance,
        state: WORDS[connection.state].api,
      });
    case 'logged_out':
      return new PrivacyError({ kind: 'INSTANCE_LOGGED_OUT', instance });
    case 'suspended':
      return new PrivacyError({ kind: 'INSTANCE_SUSPENDED', instance, nextAttemptTime: connection.until });
    case 'moved':
      return instanceMoved(instance);
    default: {
      const nextAttemptTime = nextAttemptTimeOf(connection);
      const retryAfterMs = Math.max(msLeft(connection) ?? 0, 1000);
      const state = WORDS[connection.state].api;
      const shared =
        connection.state === 'backing_off' && sharedProblem(instance, connection.cause, retryAfterMs);
      if (shared) return new PrivacyError(shared);
      return new PrivacyError({
        kind: 'INSTANCE_NOT_CONNECTED',
        instance,
        state,
        nextAttemptTime,
        retryAfterMs,
      });
    }
  }
}
