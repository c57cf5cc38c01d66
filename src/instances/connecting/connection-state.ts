import { PrivacyError } from '../../domain/errors.js';
import type { Instance, InstanceState } from '../../domain/instance.js';
import type { InstanceRecord, Session } from '../account/ports.js';

/** The life of one instance's connection. Each state carries what belongs to it and nothing else. */
export type ConnectionState =
  | { readonly state: 'unlinked' }
  | { readonly state: 'linking'; readonly end: () => void }
  | { readonly state: 'connecting' }
  | { readonly state: 'connected'; readonly session: Session }
  /** Linked and not connected, for nobody needs it; `until` it is connected all the same. */
  | { readonly state: 'parked'; readonly until: Date }
  | {
      readonly state: 'backing_off';
      readonly until: Date;
      readonly reason: string;
      /** Aborts when the next attempt need not wait until then. */
      readonly over?: AbortSignal;
    }
  | { readonly state: 'logged_out'; readonly reason: string }
  | { readonly state: 'suspended'; readonly reason: string; readonly until: Date | undefined }
  | { readonly state: 'conflict'; readonly reason: string };

/**
 * A linked instance is connected at start, unless it may stay parked; a suspended one waits for its time, or is tried
 * once when it has none.
 */
export function initialState(
  { status, statusReason: reason, retryTime: until }: InstanceRecord,
  parkedUntil: Date | undefined,
): ConnectionState {
  switch (status) {
    case 'linked':
      return parkedUntil ? { state: 'parked', until: parkedUntil } : { state: 'connecting' };
    case 'suspended':
      return until ? { state: 'suspended', reason, until } : { state: 'connecting' };
    case 'unlinked':
      return { state: 'unlinked' };
    default:
      return { state: status, reason };
  }
}

/** What of a state outlives the process. */
export function storedOf(connection: ConnectionState): Partial<InstanceRecord> | undefined {
  switch (connection.state) {
    case 'connected':
      return { status: 'linked', statusReason: '', retryTime: undefined, lastConnectTime: new Date() };
    case 'suspended':
      return { status: 'suspended', statusReason: connection.reason, retryTime: connection.until };
    case 'logged_out':
    case 'conflict':
      return { status: connection.state, statusReason: connection.reason, retryTime: undefined };
    default:
      return undefined;
  }
}

const API_STATES = {
  unlinked: 'UNLINKED',
  linking: 'LINKING',
  connecting: 'CONNECTING',
  connected: 'CONNECTED',
  parked: 'PARKED',
  backing_off: 'CONNECTING',
  logged_out: 'LOGGED_OUT',
  suspended: 'SUSPENDED',
  conflict: 'CONFLICT',
} as const satisfies Record<ConnectionState['state'], InstanceState>;

/** An instance as callers see it. */
export function viewOf(record: InstanceRecord, connection: ConnectionState): Instance {
  const { name, displayName, phoneNumber, createTime, linkTime, lastConnectTime, connectionMode } = record;
  return {
    name,
    displayName,
    state: API_STATES[connection.state],
    stateReason: 'reason' in connection ? connection.reason : '',
    phoneNumber,
    createTime,
    linkTime,
    lastConnectTime,
    nextAttemptTime: 'until' in connection ? connection.until : undefined,
    connectionMode,
  };
}

/** Why an instance in this state cannot be used. */
export function notUsable(instance: string, connection: ConnectionState): PrivacyError {
  switch (connection.state) {
    case 'unlinked':
    case 'linking': {
      const state = connection.state === 'linking' ? 'LINKING' : 'UNLINKED';
      return new PrivacyError({ kind: 'INSTANCE_NOT_LINKED', instance, state });
    }
    case 'logged_out':
      return new PrivacyError({ kind: 'INSTANCE_LOGGED_OUT', instance });
    case 'suspended':
      return new PrivacyError({ kind: 'INSTANCE_SUSPENDED', instance, nextAttemptTime: connection.until });
    default: {
      const nextAttemptTime = 'until' in connection ? connection.until : undefined;
      const retryAfterMs = Math.max((nextAttemptTime?.getTime() ?? 0) - Date.now(), 1000);
      const state = API_STATES[connection.state];
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
