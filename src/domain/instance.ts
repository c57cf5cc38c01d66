import { createHash } from 'node:crypto';
import type { Labels } from './labels/labels.js';

/** 1 to 63 of a-z, 0-9 and hyphen, starting with a letter or digit. */
export const INSTANCE_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** The states of an instance, as the API tells them. */
export type InstanceState =
  | 'UNLINKED'
  | 'LINKING'
  | 'CONNECTING'
  | 'CONNECTED'
  | 'LOGGED_OUT'
  | 'SUSPENDED'
  | 'CONFLICT'
  | 'PARKED';

/** When a linked instance is connected: all the time, or while somebody needs it. */
export type ConnectionMode = 'ALWAYS' | 'ON_DEMAND';

/** How far WhatsApp has come with what it kept for an instance while that was not connected. */
export type OfflineQueueState = 'DELIVERING' | 'DRAINED' | 'STALLED';
/** What the device says of being available: nothing; that it is not, after each login; that it is, now and then. */
export type Presence = 'NONE' | 'UNAVAILABLE' | 'PULSE';

/** An instance as callers see it. */
export type Instance = {
  readonly name: string;
  readonly displayName: string;
  readonly state: InstanceState;
  /** Why it is in that state, in words; may be empty. */
  readonly stateReason: string;
  /** E.164 of the account that is or was linked; empty until one was. Never shown or logged in full. */
  readonly phoneNumber: string;
  readonly createTime: Date;
  readonly linkTime: Date | undefined;
  readonly lastConnectTime: Date | undefined;
  /** When the service tries to connect again; undefined when it will not by itself, or tries right now. */
  readonly nextAttemptTime: Date | undefined;
  /** Undefined when the service's own holds. */
  readonly connectionMode: ConnectionMode | undefined;
  /** The proxy it connects through, without user and password; empty when the service's own holds. */
  readonly proxy: string;
  /** Undefined while it is not connected. */
  readonly offlineQueue: OfflineQueueState | undefined;
  /** When it last said what `presence` says. */
  readonly lastPresenceTime: Date | undefined;
  /** Undefined when the service's own holds. */
  readonly presence: Presence | undefined;
  /** Counts the changes that callers made to it. */
  readonly revision: number;
  readonly labels: Labels;
};

/** `+15550100123` as `+*******0123`. */
export const maskPhoneNumber = (phoneNumber: string): string =>
  phoneNumber && `+${'*'.repeat(Math.max(phoneNumber.length - 5, 0))}${phoneNumber.slice(-4)}`;

/** What guards an instance against changes by others: not its live state, which changes by itself. */
export const instanceEtag = ({
  name,
  createTime,
  linkTime,
  revision,
}: Pick<Instance, 'name' | 'createTime' | 'linkTime' | 'revision'>): string =>
  createHash('sha256')
    .update(JSON.stringify([name, createTime.getTime(), linkTime?.getTime() ?? 0, revision]))
    .digest('base64url')
    .slice(0, 16);
