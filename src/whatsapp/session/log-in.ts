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
import { type Connection, type Login, openConnection } from '../connection/connection.js';
import type { ConnectionOptions } from '../connection/connection-options.js';
import { notStored, ownCause, timedOut } from '../connection/disconnects.js';
import { writeQueue } from '../connection/write-queue.js';
import { disappearingTimer } from '../privacy/disappearing-timer.js';
import { accountSync } from './account-sync.js';
import { offlineQueue } from './offline-queue.js';
import { openSession } from './session.js';
import { takePart } from './take-part.js';

/** Connects a linked instance, as the port says. */
export async function logIn(
  settings: ConnectionOptions,
  instance: string,
  { proxy, mayAct, signal, onPrivacyPush, mayAsk }: Parameters<WhatsApp['connect']>[1],
): ReturnType<WhatsApp['connect']> {
  const loaded = await load(settings, instance);
  if ('text' in loaded) return { kind: 'failed', disconnect: loaded };
  const { credentials } = loaded;
  if (signal.aborted) return { kind: 'failed', disconnect: CANCELLED };

  const dialled = dial(settings, instance, { proxy, mayAct }, loaded);
  if (!dialled) return { kind: 'failed', disconnect: ownCause('Baileys cannot use the credentials') };
  const { connection, keys, stored } = dialled;
  const open = takePart(connection, { creds: credentials, keys }, settings.timeouts.queryMs);
  const queue = offlineQueue({ ...connection, open }, settings.pushTrustMs, pending =>
    settings.log.queueStalled({ instance, ...pending }),
  );
  // Of an undrained queue nobody knows whether it holds a change of the timer.
  const timer = disappearingTimer(
    connection,
    () => (queue.state === 'DRAINED' ? queue.trustMs() : 0),
    mayAsk,
  );
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
  const failure = await Promise.race([open, connection.ended]);
  clearTimeout(deadline);
  signal.removeEventListener('abort', cancel);

  if (failure === undefined) return { kind: 'open', session };
  await session.close();
  return { kind: 'failed', disconnect: failure };
}

const CANCELLED = ownCause('Cancelled');

/** Credentials as they are stored. */
type Stored = { readonly credentials: LinkedCredentials; readonly digest: string };

async function load({ credentials, log }: ConnectionOptions, instance: string): Promise<Stored | Disconnect> {
  try {
    const bytes = await credentials.load(instance);
    if (!bytes) return ownCause('No credentials are stored');
    return { credentials: decodeCredentials(bytes), digest: digestOf(bytes) };
  } catch (cause) {
    log.taskFailed({ task: 'reading the credentials', instance, cause });
    return ownCause('The stored credentials could not be read');
  }
}

function dial(
  settings: ConnectionOptions,
  instance: string,
  how: Pick<Login, 'proxy' | 'mayAct'>,
  { credentials, digest }: Stored,
) {
  const stored = writeQueue(cause => {
    settings.log.taskFailed({ task: 'storing the credentials', instance, cause });
    connection.end(notStored());
  });
  let known = digest;
  async function onCredentials(update: Partial<AuthenticationCreds>) {
    takeIn(credentials, update);
    const bytes = encodeCredentials(credentials);
    const changed = digestOf(bytes);
    if (changed === known) return;
    known = changed;
    await stored.add(() => settings.credentials.save(instance, bytes));
  }

  let connection: Connection;
  const keys = keyStore(settings.credentials, instance, stored.add, cause => {
    settings.log.taskFailed({ task: 'reading the keys', instance, cause });
    connection.end(ownCause('The stored keys could not be read'));
  });
  try {
    connection = openConnection(settings, {
      instance,
      ...how,
      auth: { creds: credentials, keys },
      onCredentials,
    });
  } catch (cause) {
    settings.log.taskFailed({ task: 'dialling', instance, cause });
    return undefined;
  }
  return { connection, keys, stored };
}

const digestOf = (bytes: Uint8Array): string => hash('sha256', bytes, 'base64');

/** A login that was not told its LID must not forget the one it knows. */
function takeIn(credentials: LinkedCredentials, update: Partial<AuthenticationCreds>) {
  const { lid } = credentials.me;
  Object.assign(credentials, update);
  if (lid !== undefined) credentials.me.lid ??= lid;
}
