import * as changes from './provoke-changes.js';
import * as common from './provoke-common.js';
import * as importing from './provoke-importing.js';
import {
  logoutEndingWith,
  on,
  onAbsent,
  onOutdatedNode,
  onUnlinked,
  whileConnectionsEnd,
  withNameTaken,
} from './provoke-instances.js';
import * as linking from './provoke-linking.js';
import { NEW_INSTANCE, phoneNumber } from './rows.js';
import type { Provoke } from './stage.js';

const [UPDATE, APPLY, BLACKLIST] = [
  'PrivacyService/UpdatePrivacySettings',
  'PrivacyService/ApplyPrivacySettings',
  'PrivacyService/UpdateContactBlacklist',
];
const [CREATE, IMPORT, LINK, UNLINK, RECONNECT] = [
  'InstanceService/CreateInstance',
  'InstanceService/ImportInstance',
  'InstanceService/LinkInstance',
  'InstanceService/UnlinkInstance',
  'InstanceService/ReconnectInstance',
];

const READ_LIST = 'PrivacyService/GetContactBlacklist';
const DELETE = 'InstanceService/DeleteInstance';
const [CREATE_TOKEN, ROTATE_TOKEN] = ['TokenService/CreateToken', 'TokenService/RotateToken'];
const BACKUP = 'NodeService/DownloadBackup';
const DRAIN_NODE = 'NodeService/DrainNode';
const BATCH_CREATE = 'InstanceService/BatchCreateInstances';

const STRANGER = { entriesToAdd: [phoneNumber('+15550100999')] };
const DEFENSE_OFF = { privacy: { defense: 1 } };
const LAST_SEEN_BY_LIST = { visibility: { lastSeen: 3 } };
const SHORT = { deadlineMs: 1000 };

/**
 * How to bring about every error that the comments in `proto` give to a method, by status and reason; `*` does it for
 * all methods that have no line of their own.
 *
 * An error that is new to a method needs nothing here when `*` does it, and a line with the method's name when not. An
 * error that no comment names any more has to go from here too.
 */
const PROVOCATIONS: Readonly<Record<string, Readonly<Record<string, Provoke>>>> = {
  'INVALID_ARGUMENT INVALID_REQUEST': {
    '*': common.invalid,
    [BACKUP]: common.withUnknownField,
  },
  'INVALID_ARGUMENT MALFORMED_MESSAGE': { '*': common.malformed },
  'INVALID_ARGUMENT SETTING_READ_ONLY': { '*': on('well', DEFENSE_OFF) },
  'INVALID_ARGUMENT CONTACT_UNKNOWN': { '*': on('well', STRANGER) },
  'UNAUTHENTICATED TOKEN_MISSING': { '*': common.withToken(null) },
  'UNAUTHENTICATED TOKEN_INVALID': { '*': common.withToken('wap_unknown') },
  'UNAUTHENTICATED CERTIFICATE_MISMATCH': { '*': common.withBoundToken },
  'PERMISSION_DENIED SCOPE_DENIED': { '*': common.notCovered },
  'NOT_FOUND INSTANCE_NOT_FOUND': { '*': onAbsent },
  'NOT_FOUND TOKEN_NOT_FOUND': { '*': onAbsent },
  'NOT_FOUND APPLY_NOT_FOUND': { '*': onAbsent },
  'NOT_FOUND NODE_NOT_FOUND': { [DRAIN_NODE]: common.amongOtherNodes },
  'ALREADY_EXISTS INSTANCE_ALREADY_EXISTS': { '*': withNameTaken },
  'ALREADY_EXISTS DEVICE_IN_USE': { [IMPORT]: importing.importedTwice },
  'ALREADY_EXISTS REQUEST_ID_REUSED': {
    '*': changes.sentAgainWith({ validateOnly: true }),
    [CREATE]: changes.sentAgainWith({ displayName: 'Another' }),
    [BATCH_CREATE]: changes.sentAgainWith({ requests: [{ ...NEW_INSTANCE, displayName: 'Another' }] }),
    [DELETE]: changes.sentAgainWith({ allowMissing: true }),
    [CREATE_TOKEN]: changes.sentAgainWith({ displayName: 'Another' }),
    [ROTATE_TOKEN]: changes.sentAgainWith({ gracePeriod: { seconds: 60n, nanos: 0 } }),
  },
  'FAILED_PRECONDITION INSTANCE_NOT_LINKED': { '*': onUnlinked() },
  'FAILED_PRECONDITION INSTANCE_LOGGED_OUT': { '*': on('loggedOut') },
  'FAILED_PRECONDITION INSTANCE_SUSPENDED': { '*': on('suspended') },
  'FAILED_PRECONDITION INSTANCE_NOT_CONNECTED': {
    '*': on('usedElsewhere'),
    [LINK]: linking.refusedAtFirstLogin(440),
    [IMPORT]: importing.refusedImport(440),
    [RECONNECT]: linking.refusedAgain(440),
  },
  'FAILED_PRECONDITION INSTANCE_ALREADY_LINKED': { '*': on('well') },
  'FAILED_PRECONDITION LINK_OTHER_ACCOUNT': {
    '*': linking.byOtherPhone,
    [IMPORT]: importing.importOfOtherAccount,
  },
  'FAILED_PRECONDITION PASSKEY_REQUIRED': { '*': linking.withPasskey() },
  'FAILED_PRECONDITION PASSKEY_REFUSED': { '*': linking.passkeyRefused },
  'FAILED_PRECONDITION PASSKEY_NOT_AWAITED': { '*': onUnlinked() },
  'FAILED_PRECONDITION BACKUP_NOT_SUPPORTED': { [BACKUP]: common.withoutBackups },
  'FAILED_PRECONDITION SINGLE_NODE': { '*': common.valid },
  'FAILED_PRECONDITION SETTING_NOT_AVAILABLE': { '*': on('bare') },
  'FAILED_PRECONDITION SETTING_LOCKED': { '*': on('strict') },
  'FAILED_PRECONDITION WHATSAPP_REJECTED': {
    '*': on('refused'),
    [LINK]: linking.askingForCode({ do: 'refuse', code: 400, text: 'bad-request' }),
    [IMPORT]: importing.refusedImport(401),
    [RECONNECT]: linking.refusedAgain(418),
  },
  'ABORTED ETAG_MISMATCH': { '*': on('well', { etag: 'stale' }), [READ_LIST]: changes.betweenTwoPages },
  'ABORTED BLACKLIST_CONFLICT': {
    [UPDATE]: changes.staleStamp(LAST_SEEN_BY_LIST),
    [BLACKLIST]: changes.staleStamp(),
  },
  'ABORTED PARTIAL_UPDATE': {
    [UPDATE]: changes.oneOfTwoSettings,
    [APPLY]: changes.oneOfTwoInstances,
    [BLACKLIST]: changes.confirmedAndDenied,
  },
  'ABORTED LINK_IN_PROGRESS': {
    '*': linking.whileAnotherLinks,
    [IMPORT]: importing.importWhileLinking,
  },
  'ABORTED PASSKEY_MISMATCH': { '*': linking.whilePasskeyWaits(linking.ofAnotherRequest) },
  'RESOURCE_EXHAUSTED MESSAGE_TOO_LARGE': { '*': common.tooLarge },
  'RESOURCE_EXHAUSTED RATE_LIMITED': { '*': common.tooOften },
  'RESOURCE_EXHAUSTED WHATSAPP_RATE_LIMITED': {
    '*': on('limited'),
    [LINK]: linking.askingForCode({ do: 'refuse', code: 429, text: 'rate-overlimit' }),
    [IMPORT]: importing.refusedImport(429),
    [RECONNECT]: linking.refusedAgain(429),
  },
  'UNAVAILABLE INSTANCE_NOT_CONNECTED': {
    '*': on('cutOff'),
    [LINK]: linking.refusedAtFirstLogin(503),
    [IMPORT]: importing.refusedImport(503),
  },
  'UNAVAILABLE WHATSAPP_TIMEOUT': {
    '*': on('unanswered'),
    [LINK]: linking.askingForCode({ do: 'silence' }),
    [UNLINK]: logoutEndingWith({ do: 'silence' }),
    [RECONNECT]: linking.refusedAgain(408), // Silence itself takes half a minute.
  },
  'UNAVAILABLE CONNECTION_LOST': {
    '*': whileConnectionsEnd(),
    [UPDATE]: whileConnectionsEnd({ etag: 'stale' }),
    [LINK]: linking.askingForCode({ do: 'close' }),
    [UNLINK]: logoutEndingWith({ do: 'close' }),
    [RECONNECT]: linking.triedAgain({ do: 'close' }),
  },
  'UNAVAILABLE WHATSAPP_UNCLEAR': {
    '*': on('faulty'),
    [LINK]: linking.whenWhatsApp({ certificate: 'other_root' }),
    [UNLINK]: logoutEndingWith({ do: 'refuse', code: 500 }),
    [RECONNECT]: linking.refusedAgain(503),
  },
  'UNAVAILABLE CLIENT_OUTDATED': { '*': onOutdatedNode, [LINK]: linking.onOutdatedNode },
  'UNAVAILABLE PROXY_FAILED': {
    '*': on('behindBadProxy'),
    [LINK]: linking.behindBadProxy,
    [RECONNECT]: linking.againBehindBadProxy,
  },
  'UNAVAILABLE SHUTTING_DOWN': { '*': common.whileShuttingDown },
  'UNAVAILABLE STORE_UNAVAILABLE': { '*': common.whileStoreIsAway },
  'UNAVAILABLE INSTANCE_MOVED': { '*': common.whileNobodyRunsIt },
  'DEADLINE_EXCEEDED DEADLINE_TOO_SHORT': { '*': on('unanswered', {}, SHORT) },
  'DEADLINE_EXCEEDED LINK_TIMED_OUT': { '*': onUnlinked(SHORT) },
  'DEADLINE_EXCEEDED PASSKEY_TIMED_OUT': {
    '*': linking.withPasskey({ passkey: { compareCode: false } }, { deadlineMs: 3000 }),
  },
  'INTERNAL INTERNAL': { '*': common.onBrokenDisk },
};

/** What brings an error of a method about, and where in the table that stands. */
export function provocationOf(error: { method: string; code: string; reason: string }) {
  const key = `${error.code} ${error.reason}`;
  const row = PROVOCATIONS[key] ?? {};
  const who = error.method in row ? error.method : '*';
  return { place: `${key}: ${who}`, provoke: row[who] };
}

/** Every place in the table. */
export const PLACES = Object.entries(PROVOCATIONS).flatMap(([key, row]) =>
  Object.keys(row).map(who => `${key}: ${who}`),
);
