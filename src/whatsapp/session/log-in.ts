import { hash } from 'node:crypto';
import type { AuthenticationCreds } from '@whiskeysockets/baileys';
import type { Disconnect } from '../../domain/disconnect.js';
import type { WhatsApp } from '../../instances/ports/ports.js';
import {
  decodeCredentials,
  encodeCredentials,
  keyStore,
  type LinkedCredentials,
} from '../connection/auth-state.js';
import { type Connection, openConnection } from '../connection/connection.js';
import type { ConnectionOptions } from '../connection/connection-options.js';
import { notStored, ownCause, timedOut } from '../connection/disconnects.js';
import { writeQueue } from '../connection/write-queue.js';
import { disappearingTimer } from '../privacy/disappearing-timer.js';
import { accountSync } from './account-sync.js';
import { offlineQueue } from './offline-queue.js';
import { openSession } from './session.js';

/** Connects a linked instance, as the port says. */
export async function logIn(
  settings: ConnectionOptions,
  instance: string,
  { proxy, signal, onPrivacyPush }: Parameters<WhatsApp['connect']>[1],
): ReturnType<WhatsApp['connect']> {
  const credentials = await load(settings, instance);
  if ('text' in credentials) return { kind: 'failed', disconnect: credentials };
  if (signal.aborted) return { kind: 'failed', disconnect: CANCELLED };

  const dialled = dial(settings, instance, proxy, credentials);
  if (!dialled) return { kind: 'failed', disconnect: ownCause('Baileys cannot use the credentials') };
  const { connection, stored } = dialled;
  const queue = offlineQueue(connection, settings.pushTrustMs, pending =>
    settings.log.queueStalled({ instance, ...pending }),
  );
  // Of an undrained queue nobody knows whether it holds a change of the timer.
  const timer = disappearingTimer(connection, () => (queue.state === 'DRAINED' ? queue.trustMs() : 0));
  const sync = accountSync(connection, timer, onPrivacyPush);
  const session = openSession(connection, {
    sync,
    timer,
    queue,
    stored,
    me: credentials.me.id,
    onLateTimer: onPrivacyPush,
  });

  const cancel = () => connection.end(CANCELLED);
  const { connectMs } = settings.timeouts;
  const deadline = setTimeout(
    () => connection.end(timedOut(`WhatsApp did not accept the login within ${connectMs / 1000} s`)),
    connectMs,
  );
  signal.addEventListener('abort', cancel);
  const failure = await Promise.race([connection.open, connection.ended]);
  clearTimeout(deadline);
  signal.removeEventListener('abort', cancel);

  if (failure === undefined) return { kind: 'open', session };
  await session.close();
  return { kind: 'failed', disconnect: failure };
}

const CANCELLED = ownCause('Cancelled');

async function load(
  { credentials, log }: ConnectionOptions,
  instance: string,
): Promise<LinkedCredentials | Disconnect> {
  try {
    const bytes = await credentials.load(instance);
    return bytes ? decodeCredentials(bytes) : ownCause('No credentials are stored');
  } catch (cause) {
    log.taskFailed({ task: 'reading the credentials', instance, cause });
    return ownCause('The stored credentials could not be read');
  }
}

function dial(
  settings: ConnectionOptions,
  instance: string,
  proxy: string | undefined,
  credentials: LinkedCredentials,
) {
  const stored = writeQueue(cause => {
    settings.log.taskFailed({ task: 'storing the credentials', instance, cause });
    connection.end(notStored());
  });
  let known = digestOf(encodeCredentials(credentials));
  async function onCredentials(update: Partial<AuthenticationCreds>) {
    takeIn(credentials, update);
    const bytes = encodeCredentials(credentials);
    const digest = digestOf(bytes);
    if (digest === known) return;
    known = digest;
    await stored.add(() => settings.credentials.save(instance, bytes));
  }

  let connection: Connection;
  try {
    const keys = keyStore(settings.credentials, instance, stored.add, cause => {
      settings.log.taskFailed({ task: 'reading the keys', instance, cause });
      connection.end(ownCause('The stored keys could not be read'));
    });
    connection = openConnection(settings, {
      instance,
      proxy,
      auth: { creds: credentials, keys },
      onCredentials,
    });
  } catch (cause) {
    settings.log.taskFailed({ task: 'dialling', instance, cause });
    return undefined;
  }
  return { connection, stored };
}

const digestOf = (bytes: Uint8Array): string => hash('sha256', bytes, 'base64');

/** A login that was not told its LID must not forget the one it knows. */
function takeIn(credentials: LinkedCredentials, update: Partial<AuthenticationCreds>) {
  const { lid } = credentials.me;
  Object.assign(credentials, update);
  if (lid !== undefined) credentials.me.lid ??= lid;
}
