import type { InstanceState, Presence } from '../domain/instance.js';
import type { Logger } from './logger.js';
import type { StrangerDeeds } from './strangers.js';

/** A call that has ended. */
export type EndedCall = {
  readonly requestId: string;
  /** `whatsapp.privacy.v1.PrivacyService/GetPrivacySettings`. */
  readonly method: string;
  /** The name of the status code, `OK`. */
  readonly code: string;
  readonly durationMs: number;
  /** The caller's address. */
  readonly peer: string;
  readonly tokenId: string;
  /** The id of the node that passed it on; its own line tells it too. */
  readonly fromNode?: string;
};

/** A stanza that came or leaves: of what kind it is, and nothing that it says. */
export type SeenStanza = {
  readonly instance: string;
  readonly direction: 'in' | 'out';
  readonly tag: string;
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly xmlns: string | undefined;
  /** The tag of the first element in it. */
  readonly child: string | undefined;
  /** The categories of settings that it names. */
  readonly categories: readonly string[] | undefined;
};

/** An offline queue that stands still, with the stanza that may be why. */
export type QueueStall = {
  readonly instance: string;
  readonly stanza: string | undefined;
  readonly id: string | undefined;
};

/** Everything this service tells its operator, one function per event. */
export type Events = ReturnType<typeof events>;

/**
 * The events, written to `logger`. Each picks the fields it logs, so that nothing else can slip in, and none throws: a log
 * on a full disk must not end what it tells of.
 */
export const events = (logger: Logger) => eventsTo(neverThrowing(logger));

const eventsTo = (logger: Logger) => ({
  listening: (address: string) => logger.info('listening', { event: 'listening', address }),
  stopping: (cause: string) => logger.info('stopping', { event: 'stopping', cause }),
  stopped: () => logger.info('stopped', { event: 'stopped' }),

  callEnded: ({ requestId, method, code, durationMs, peer, tokenId, fromNode }: EndedCall) =>
    logger.info('call ended', {
      event: 'call_ended',
      requestId,
      method,
      code,
      durationMs,
      peer,
      tokenId,
      ...(fromNode !== undefined && { fromNode }),
    }),
  /** What was done without a good token; of one kind and address a line a minute. */
  strangersSeen: ({ deed, peer, count }: StrangerDeeds) => {
    const level = deed === 'connection_flooding' ? 'warn' : deed === 'health' ? 'debug' : 'info';
    logger[level]('strangers seen', { event: 'strangers_seen', deed, peer, count });
  },
  /** A fault of this service: the caller gets INTERNAL and the request id, the log the cause. */
  callFailed: ({ requestId, method, cause }: { requestId: string; method: string; cause: unknown }) =>
    logger.error('call failed', { event: 'call_failed', requestId, method, err: cause }),
  /** A fault outside any call; `task` says what was being done, as in "storing the credentials". */
  taskFailed: ({ task, instance, cause }: { task: string; instance?: string; cause: unknown }) =>
    logger.error('task failed', { event: 'task_failed', task, instance, err: cause }),

  instanceStateChanged: ({
    instance,
    state,
    reason,
  }: {
    instance: string;
    state: InstanceState;
    reason: string;
  }) => logger.info('instance state', { event: 'instance_state_changed', instance, state, reason }),
  /** The device said that it is unavailable, or, with PULSE, available for some seconds. */
  presenceTold: ({ instance, presence }: { instance: string; presence: Presence }) =>
    logger.info('presence told', { event: 'presence_told', instance, presence }),
  presenceOverdue: ({ instance, days }: { instance: string; days: number }) =>
    logger.warn('the phone may show this device as inactive; WhatsApp may log it out after 30 days', {
      event: 'presence_overdue',
      instance,
      days,
    }),
  /** A stanza that the light session does not allow was held back. */
  stanzaRefused: ({ instance, stanza }: { instance: string; stanza: string }) =>
    logger.debug('stanza refused', { event: 'stanza_refused', instance, stanza }),
  /** A frame of WhatsApp's is no stanza. Of many on one connection only some are told. */
  frameDropped: ({ instance, bytes, count }: { instance: string; bytes: number; count: number }) => {
    const isPowerOfTwo = Number.isInteger(Math.log2(count));
    if (isPowerOfTwo)
      logger.warn('passed over a frame that is no stanza', {
        event: 'frame_dropped',
        instance,
        bytes,
        count,
      });
  },
  /** WhatsApp ended the stream because this stanza had no answer that it takes. */
  stanzaOwed: ({ instance, stanza, id }: { instance: string; stanza: string; id: string | undefined }) =>
    logger.warn('WhatsApp missed an answer', { event: 'stanza_owed', instance, stanza, id }),
  /** What WhatsApp kept while the instance was not connected does not come to its end. */
  queueStalled: ({ instance, stanza, id }: QueueStall) =>
    logger.warn('the offline queue stands still; settings are read again on a timer', {
      event: 'queue_stalled',
      instance,
      stanza,
      id,
    }),
  /** A stanza came or leaves. Undefined above the level debug, so that nothing is made for it. */
  stanzaSeen: logger.isDebug
    ? ({ instance, direction, tag, id, type, xmlns, child, categories }: SeenStanza) =>
        logger.debug('stanza', {
          event: 'stanza',
          instance,
          direction,
          tag,
          id,
          type,
          xmlns,
          child,
          categories,
        })
    : undefined,

  /** Without user and password. */
  proxyUsed: ({ proxy }: { proxy: string }) =>
    logger.info('WhatsApp is reached through a proxy', { event: 'proxy_used', proxy }),

  clientRefused: ({ reason }: { reason: string }) =>
    logger.error(
      'WhatsApp refuses this client, so no instance can connect; see "Client version" in docs/whatsapp.md',
      { event: 'client_refused', reason },
    ),
  clientAccepted: () => logger.info('WhatsApp takes this client again', { event: 'client_accepted' }),
  versionAnnounced: ({ version, source, ageDays }: { version: string; source: string; ageDays: number }) =>
    logger.info('announced WhatsApp version', { event: 'version_announced', version, source, ageDays }),
  versionIgnored: ({ configured, version }: { configured: string; version: string }) =>
    logger.warn('the configured WhatsApp version is lower than that of this release, and is not used', {
      event: 'version_ignored',
      configured,
      version,
    }),
  versionOld: ({ version, ageDays }: { version: string; ageDays: number }) =>
    logger.warn(
      'the announced WhatsApp version is old and will be refused; upgrade, or set a newer WA_PRIVACY_WHATSAPP_VERSION',
      { event: 'version_old', version, ageDays },
    ),
  versionExpires: ({ version, expireTime }: { version: string; expireTime: Date }) =>
    logger.warn(
      'WhatsApp has announced that it will refuse this version; upgrade, or set a newer WA_PRIVACY_WHATSAPP_VERSION',
      { event: 'version_expires', version, expireTime },
    ),
  versionFetchFailed: ({ cause }: { cause: unknown }) =>
    logger.warn('the newest WhatsApp version could not be found out', {
      event: 'version_fetch_failed',
      err: cause,
    }),

  certificateReplaced: ({ expireTime }: { expireTime: Date }) =>
    logger.info('new connections get the certificate as it stands in its file', {
      event: 'certificate_replaced',
      expireTime,
    }),
  certificateRefused: ({ cause }: { cause: unknown }) =>
    logger.error('the files of the certificate cannot be used; new connections get what they held before', {
      event: 'certificate_refused',
      err: cause,
    }),
  /** Below 0 days it is over. */
  certificateExpires: ({ expireTime, days }: { expireTime: Date; days: number }) => {
    const fields = { event: 'certificate_expires', expireTime, days };
    if (days < 0) logger.error('the certificate has expired, so callers refuse this service', fields);
    else logger.warn('the certificate expires soon; replace its files', fields);
  },

  nodeStanding: ({ id, standing }: { id: string; standing: 'apart' | 'taking_part' | 'draining' }) => {
    const level = standing === 'apart' ? 'warn' : 'info';
    logger[level]('node among others', { event: 'node_standing', nodeId: id, standing });
  },
  instancesMoved: ({ count, how }: { count: number; how: 'taken' | 'given away' | 'lost' }) => {
    const level = how === 'lost' ? 'warn' : 'info';
    logger[level]('instances moved', { event: 'instances_moved', count, how });
  },

  /** It was there before this service, and may be meant for more: its mode stays as it is. */
  dataFolderOpen: (path: string) =>
    logger.warn('the data folder is open to every user of this machine; run: chmod 700', {
      event: 'data_folder_open',
      path,
    }),
  masterKeyGenerated: (path: string) =>
    logger.warn('generated a master key; keep a copy, without it every link is lost', {
      event: 'master_key_generated',
      path,
    }),
  masterKeyChanged: () =>
    logger.info('the data is under the new master key; the previous one is no longer needed', {
      event: 'master_key_changed',
    }),
  /** Its row says what this service never wrote, and it is refused. */
  tokenEdited: (tokenId: string) =>
    logger.error('a token was edited in the database, and is no token any more', {
      event: 'token_edited',
      tokenId,
    }),
  accountTokenGenerated: (path: string) =>
    logger.warn('generated an account token; it may do everything', {
      event: 'account_token_generated',
      path,
    }),
});

const neverThrowing = ({ debug, info, warn, error, isDebug }: Logger): Logger => ({
  debug: safely(debug),
  info: safely(info),
  warn: safely(warn),
  error: safely(error),
  isDebug,
});

const safely =
  <Line extends unknown[]>(write: (...line: Line) => void) =>
  (...line: Line): void => {
    try {
      write(...line);
    } catch {
      // There is nobody left to tell.
    }
  };
