import type { AuthenticationCreds, BinaryNode, SocketConfig } from '@whiskeysockets/baileys';
import type { Disconnect } from '../domain/disconnect.js';
import { containListeners, type Listener, takeListeners } from './baileys-listeners.js';
import * as disconnects from './disconnects.js';
import { keepAlive } from './keep-alive.js';
import { lightSocket } from './light-socket.js';
import { resultOf } from './nodes.js';
import { type Answer, queries } from './queries.js';
import type { Settings } from './settings.js';
import { takeWire } from './wire.js';

/** A connection to WhatsApp, linked or not. It ends once, by either side, and says why. */
export type Connection = {
  /** Fulfils when WhatsApp has accepted a login. */
  readonly open: Promise<void>;
  readonly ended: Promise<Disconnect>;
  /** Puts a listener in place of Baileys' own; it may hand the stanza on to those. */
  takeOver(event: string, listener: (node: BinaryNode, baileys: Listener) => unknown): void;
  /** Sends a stanza that has no answer; false when it did not leave. */
  tell(node: BinaryNode): Promise<boolean>;
  /** Sends a query and waits for its answer. Never rejects. */
  ask(node: BinaryNode, timeoutMs: number): Promise<Answer>;
  end(disconnect: Disconnect): void;
  /** Ends it, unless something else did, and waits until the socket is gone. */
  close(): Promise<void>;
};

/** Who connects. */
export type ConnectionOptions = {
  readonly instance: string;
  readonly auth: SocketConfig['auth'];
  /** Takes changed credentials in; nothing leaves until the promise fulfils. */
  readonly onCredentials: (update: Partial<AuthenticationCreds>) => Promise<void>;
};

/** Dials. Throws when Baileys cannot make anything of the credentials. */
export function openConnection(
  { url, rootKey, log, timeouts }: Settings,
  { instance, auth, onCredentials }: ConnectionOptions,
): Connection {
  const open = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Disconnect>();
  const gone = Promise.withResolvers<void>();
  let isOver = false;

  const { sock, socket } = lightSocket({
    url,
    rootKey,
    auth,
    connectMs: timeouts.connectMs,
    queryMs: timeouts.queryMs,
    onRefused: stanza => log.stanzaRefused({ instance, stanza }),
  });
  const { ws, ev } = sock;
  const wire = takeWire(socket, timeouts.closeMs);
  const { ask, tell, abandon } = queries(sock);
  const pings = keepAlive(ws, ask, timeouts.keepAliveMs, () =>
    end(disconnects.timedOut('WhatsApp stopped answering')),
  );

  function end(disconnect: Disconnect) {
    if (isOver) return;
    isOver = true;
    ended.resolve(disconnect);
    wire.shut();
    pings.stop();
    abandon();
    sock.end(undefined).catch(cause => onFault('the end', cause));
    // Baileys' own pending queries would hold their timers; this event ends them, and always has a listener.
    ws.emit('error', new Error('The connection has ended'));
  }

  function onFault(event: string, cause: unknown) {
    // Each frame is numbered by the encryption: after one that cannot be read, none can.
    if (event === 'message') end(disconnects.ownCause('WhatsApp sent a frame that cannot be read'));
    else if (!isOver) log.taskFailed({ task: `Handling ${event}`, instance, cause });
  }

  // Linking is ours alone, and nothing is linked twice.
  takeListeners(ws, 'CB:iq,type:set,pair-device');
  takeListeners(ws, 'CB:iq,,pair-success');
  containListeners(ws, onFault);
  ws.on('CB:iq,type:get', (node: BinaryNode) => {
    if (node.attrs['xmlns'] === 'urn:xmpp:ping') void tell(resultOf(node));
  });
  ws.on('CB:stream:error', (node: BinaryNode) => end(disconnects.fromStreamError(node)));
  ws.on('CB:failure', (node: BinaryNode) => end(disconnects.fromFailure(node, new Date())));
  ws.on('CB:xmlstreamend', () => end(disconnects.streamEnded()));
  ws.on('CB:ib,,downgrade_webclient', () => end(disconnects.notMultiDevice()));
  ws.on('error', (error: unknown) => end(disconnects.fromSocketError(error)));
  ws.on('unexpected-response', (_request: unknown, { statusCode }: { statusCode?: number }) =>
    end(disconnects.fromHttpStatus(statusCode ?? 0)),
  );
  ev.on('connection.update', ({ connection, lastDisconnect }) => {
    if (connection === 'open' && !isOver) open.resolve();
    if (connection === 'close') end(disconnects.fromBaileys(lastDisconnect?.error));
  });
  socket.once('close', () => {
    // A moment later, because Baileys tells the reason, if it has one, only after this.
    setImmediate(() => {
      end(disconnects.streamEnded());
      gone.resolve();
    });
  });

  // Baileys' own listener sends a presence without a type, which counts as "available".
  ev.removeAllListeners('creds.update');
  ev.on('creds.update', update => {
    if (isOver) return;
    const stored = onCredentials(update);
    wire.hold(stored);
    stored.catch(() => end(disconnects.notStored()));
  });

  return {
    open: open.promise,
    ended: ended.promise,
    takeOver(event, listener) {
      const baileys = takeListeners(ws, event);
      const handOn: Listener = node => Promise.all(baileys.map(async each => each(node)));
      ws.on(event, (node: BinaryNode) => listener(node, handOn));
    },
    tell,
    ask: (node, timeoutMs) => (isOver ? Promise.resolve({ kind: 'not_sent' }) : ask(node, timeoutMs)),
    end,
    async close() {
      end(disconnects.ownCause('Closed by this service'));
      await gone.promise;
    },
  };
}
