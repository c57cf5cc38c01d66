import { status } from '@grpc/grpc-js';
import type { Problem, Reason, Violation } from '../../domain/errors.js';
import { OLD_DAYS } from '../../domain/version/client-version.js';
import { QUOTED, truncate } from '../messages/truncate.js';
import { LATE, MALFORMED } from './problem-words.js';

/** The problems of one kind, with their data. */
type Of<Kind extends Reason, One = Problem> = One extends { kind: infer Kinds }
  ? Kind extends Kinds
    ? One & { kind: Kind }
    : never
  : never;
export type KeyOf<One> = One extends unknown ? Exclude<keyof One, 'kind'> : never;

export type Row<Kind extends Reason> = {
  readonly code: status | ((problem: Of<Kind>) => status);
  /** What ErrorInfo tells of the data, as `ErrorReason` documents it; nothing else leaves as metadata. */
  readonly metadata: readonly KeyOf<Of<Kind>>[];
  /** What happened and what to do about it. */
  readonly text: string | ((problem: Of<Kind>) => string);
};

/** The status, the metadata and the words of every problem. A new kind does not compile until it stands here. */
export const ROWS: { readonly [Kind in Reason]: Row<Kind> } = {
  INVALID_REQUEST: { code: status.INVALID_ARGUMENT, metadata: ['violations'], text: firstViolation },
  SETTING_READ_ONLY: { code: status.INVALID_ARGUMENT, metadata: ['violations'], text: firstViolation },
  CONTACT_UNKNOWN: {
    code: status.INVALID_ARGUMENT,
    metadata: ['instance', 'setting', 'violations'],
    text: firstViolation,
  },
  MALFORMED_MESSAGE: {
    code: status.INVALID_ARGUMENT,
    metadata: ['method'],
    text: "The request's bytes are not a message of this method; make the client from the published protos",
  },
  MALFORMED_CALL: {
    code: ({ part }) => (part === 'TIMEOUT' || part === 'MESSAGE' ? status.INTERNAL : status.UNIMPLEMENTED),
    metadata: ['part'],
    text: ({ part }) => `${MALFORMED[part]}; a client made with a library of gRPC does it right`,
  },
  MESSAGE_TOO_LARGE: {
    code: status.RESOURCE_EXHAUSTED,
    metadata: ['maximumBytes'],
    text: ({ maximumBytes }) =>
      `The request has more than ${maximumBytes} bytes, decompressed where it was compressed; send less in one call`,
  },
  METHOD_UNKNOWN: {
    code: status.UNIMPLEMENTED,
    metadata: ['method'],
    text: ({ method }) =>
      `This service has no method ${truncate(method, QUOTED)}; make the client from the protos of its version`,
  },
  TOKEN_MISSING: {
    code: status.UNAUTHENTICATED,
    metadata: [],
    text: 'No bearer token; send the metadata "authorization: Bearer <token>"',
  },
  TOKEN_INVALID: {
    code: status.UNAUTHENTICATED,
    metadata: [],
    text: 'The token is unknown, revoked or expired; use another one',
  },
  CERTIFICATE_MISMATCH: {
    code: status.UNAUTHENTICATED,
    metadata: [],
    text: 'The token is bound to a client certificate; call over a connection with that one, or use another token',
  },
  SCOPE_DENIED: {
    code: status.PERMISSION_DENIED,
    metadata: ['method', 'instance'],
    text: 'The token does not cover this call; use one that covers the method and the instance',
  },
  INSTANCE_NOT_FOUND: {
    code: status.NOT_FOUND,
    metadata: ['instance'],
    text: ({ instance }) => `Instance ${instance} does not exist; make it with CreateInstance`,
  },
  TOKEN_NOT_FOUND: {
    code: status.NOT_FOUND,
    metadata: ['tokenId'],
    text: ({ tokenId }) =>
      `Token ${truncate(tokenId, QUOTED)} does not exist; ListTokens shows those that work`,
  },
  NODE_NOT_FOUND: {
    code: status.NOT_FOUND,
    metadata: ['nodeId'],
    text: ({ nodeId }) =>
      `Node ${truncate(nodeId, QUOTED)} does not exist; ListNodes shows those that do, with ids that change at each start`,
  },
  APPLY_NOT_FOUND: {
    code: status.NOT_FOUND,
    metadata: ['requestId'],
    text: 'No ApplyPrivacySettings had this request_id in the last 24 hours, from a token that covers the same; send it again',
  },
  INSTANCE_ALREADY_EXISTS: {
    code: status.ALREADY_EXISTS,
    metadata: ['instance'],
    text: ({ instance }) => `Instance ${instance} exists already; choose another name`,
  },
  DEVICE_IN_USE: {
    code: status.ALREADY_EXISTS,
    metadata: ['instance'],
    text: ({ instance }) => `The instance ${instance} has this linked device already; link another one`,
  },
  REQUEST_ID_REUSED: {
    code: status.ALREADY_EXISTS,
    metadata: ['requestId'],
    text: 'The request_id was used with another request; send a new one with each new request',
  },
  INSTANCE_NOT_LINKED: {
    code: status.FAILED_PRECONDITION,
    metadata: ['instance', 'state'],
    text: 'No account is linked to the instance; call LinkInstance',
  },
  INSTANCE_LOGGED_OUT: {
    code: status.FAILED_PRECONDITION,
    metadata: ['instance'],
    text: 'WhatsApp or the phone ended the link; call LinkInstance again',
  },
  INSTANCE_SUSPENDED: {
    code: status.FAILED_PRECONDITION,
    metadata: ['instance', 'nextAttemptTime'],
    text: 'WhatsApp refuses the account for now; look at it on the phone',
  },
  INSTANCE_ALREADY_LINKED: {
    code: status.FAILED_PRECONDITION,
    metadata: ['instance'],
    text: 'An account is linked already; call UnlinkInstance first to link another',
  },
  INSTANCE_NOT_CONNECTED: {
    code: ({ state }) => (state === 'CONFLICT' ? status.FAILED_PRECONDITION : status.UNAVAILABLE),
    metadata: ['instance', 'state', 'nextAttemptTime'],
    text: ({ state }) =>
      state === 'CONFLICT'
        ? 'The credentials are in use elsewhere; call ReconnectInstance when they no longer are'
        : 'The instance is connecting to WhatsApp; call again',
  },
  SETTING_NOT_AVAILABLE: {
    code: status.FAILED_PRECONDITION,
    metadata: ['instance', 'settings'],
    text: 'The account does not report this setting, so it must not be set; leave it out',
  },
  SETTING_LOCKED: {
    code: status.FAILED_PRECONDITION,
    metadata: ['instance', 'settings'],
    text: 'Strict Account Settings lock this setting; end them on the phone',
  },
  ETAG_MISMATCH: {
    code: status.ABORTED,
    metadata: ['instance', 'etag', 'currentEtag'],
    text: 'The etag is stale; read again and decide anew',
  },
  LINK_IN_PROGRESS: {
    code: status.ABORTED,
    metadata: ['instance'],
    text: 'Another LinkInstance call holds the instance; end that one first',
  },
  LINK_TIMED_OUT: {
    code: status.DEADLINE_EXCEEDED,
    metadata: ['instance'],
    text: 'Nobody used the code in time; call LinkInstance again',
  },
  LINK_OTHER_ACCOUNT: {
    code: status.FAILED_PRECONDITION,
    metadata: ['instance', 'maskedPhoneNumber'],
    text: 'The instance belongs to another phone number, so the link was undone; call UnlinkInstance first',
  },
  PASSKEY_REQUIRED: {
    code: status.FAILED_PRECONDITION,
    metadata: ['instance'],
    text: 'WhatsApp links this account only with its passkey; call LinkInstance with `passkey` set, and have whoever has the passkey answer',
  },
  PASSKEY_TIMED_OUT: {
    code: status.DEADLINE_EXCEEDED,
    metadata: ['instance', 'waitedFor'],
    text: ({ waitedFor }) => `${LATE[waitedFor]}; call LinkInstance again`,
  },
  PASSKEY_REFUSED: {
    code: status.FAILED_PRECONDITION,
    metadata: ['instance', 'whatsappCode', 'whatsappText'],
    text: ({ whatsappCode, whatsappText }) =>
      `WhatsApp refused the passkey${inBrackets(whatsappCode, whatsappText)}; call LinkInstance again, with the passkey of this very account`,
  },
  PASSKEY_NOT_AWAITED: {
    code: status.FAILED_PRECONDITION,
    metadata: ['instance'],
    text: 'No LinkInstance call of this instance waits for that now',
  },
  PASSKEY_MISMATCH: {
    code: status.ABORTED,
    metadata: ['instance'],
    text: 'That belongs to another passkey request; answer the newest one that LinkInstance has told',
  },
  PARTIAL_UPDATE: {
    code: status.ABORTED,
    metadata: ['instance', 'setting', 'succeededCount', 'failedCount'],
    text: problem =>
      'failedCount' in problem
        ? `${problem.failedCount} of ${problem.succeededCount + problem.failedCount} instances did not end as asked; their messages tell why`
        : 'Not every change was made; read the settings and send what is still wanted',
  },
  RATE_LIMITED: {
    code: status.RESOURCE_EXHAUSTED,
    metadata: ['limit', 'periodSeconds'],
    text: ({ limit, periodSeconds, unit = 'calls' }) =>
      periodSeconds === undefined
        ? `More than ${limit} ${unit} at once; call again when one has ended`
        : `More than ${limit} ${unit} in ${periodSeconds} s; call again when RetryInfo says`,
  },
  WHATSAPP_RATE_LIMITED: {
    code: status.RESOURCE_EXHAUSTED,
    metadata: ['instance', 'setting', 'whatsappCode'],
    text: 'WhatsApp limits the requests of this account; call again when RetryInfo says',
  },
  WHATSAPP_REJECTED: {
    code: status.FAILED_PRECONDITION,
    metadata: ['instance', 'setting', 'whatsappCode', 'whatsappText'],
    text: ({ whatsappCode, whatsappText }) =>
      `WhatsApp refused${inBrackets(whatsappCode, whatsappText)}; the same request will be refused again`,
  },
  WHATSAPP_TIMEOUT: {
    code: status.UNAVAILABLE,
    metadata: ['instance', 'setting'],
    text: 'WhatsApp did not answer in time and nothing was changed; call again',
  },
  CONNECTION_LOST: {
    code: status.UNAVAILABLE,
    metadata: ['instance', 'setting'],
    text: 'The connection to WhatsApp ended before the answer and nothing was changed; call again',
  },
  WHATSAPP_UNCLEAR: {
    code: status.UNAVAILABLE,
    metadata: ['instance', 'setting', 'whatsappCode'],
    text: ({ whatsappCode }) =>
      `WhatsApp gave no usable answer${inBrackets(whatsappCode)} and nothing was changed; call again`,
  },
  BLACKLIST_CONFLICT: {
    code: status.ABORTED,
    metadata: ['instance', 'setting', 'whatsappCode'],
    text: 'Another device kept changing the list; read it again and decide anew',
  },
  CLIENT_OUTDATED: {
    code: status.UNAVAILABLE,
    metadata: ['instance', 'version', 'ageDays'],
    text: ({ version, ageDays }) =>
      `WhatsApp refuses the version that this service announces (${version}, ${ageDays} days old); ` +
      (ageDays < OLD_DAYS ? 'at that age there is likely another cause, but ' : '') +
      'its operator can upgrade it or set WA_PRIVACY_WHATSAPP_VERSION; RetryInfo says when it is tried again',
  },
  PROXY_FAILED: {
    code: status.UNAVAILABLE,
    metadata: ['instance', 'proxyText'],
    text: ({ proxyText }) =>
      `${proxyText}; nothing went past it. Mend the proxy, or set another one with UpdateInstance`,
  },
  DEADLINE_TOO_SHORT: {
    code: status.DEADLINE_EXCEEDED,
    metadata: ['instance'],
    text: 'The deadline left no time to finish; call again with a longer one',
  },
  SHUTTING_DOWN: {
    code: status.UNAVAILABLE,
    metadata: [],
    text: 'This server is going away; call again to reach another',
  },
  STORE_UNAVAILABLE: {
    code: status.UNAVAILABLE,
    metadata: [],
    text: 'The database of this service cannot be reached for now; call again, with the same request_id where there is one',
  },
  INSTANCE_MOVED: {
    code: status.UNAVAILABLE,
    metadata: ['instance'],
    text: 'Another node is about to run the instance, and nothing was changed at WhatsApp; call again',
  },
  BACKUP_NOT_SUPPORTED: {
    code: status.FAILED_PRECONDITION,
    metadata: [],
    text: 'The data is in PostgreSQL; back it up with pg_dump, or with the continuous archiving of the server',
  },
  SINGLE_NODE: {
    code: status.FAILED_PRECONDITION,
    metadata: [],
    text: 'One process has its data alone here, and shares no instances with other nodes',
  },
};

function firstViolation({ violations }: { violations: readonly Violation[] }): string {
  return violations[0]?.description ?? 'The request is not valid';
}

function inBrackets(...parts: (string | number | undefined)[]): string {
  const text = parts.filter(Boolean).join(' ');
  return text && ` (${truncate(text, QUOTED)})`;
}
