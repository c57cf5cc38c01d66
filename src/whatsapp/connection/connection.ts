import type { AuthenticationCreds, BinaryNode, SocketConfig } from '@whiskeysockets/baileys';
import type { Disconnect } from '../../domain/disconnect.js';
import { wallTime } from '../../domain/time/wall-time.js';
import { containListeners } from '../baileys/baileys-listeners.js';
import { FrameTooLong } from '../baileys/frame-bounds.js';
import { frameHold } from '../baileys/frame-hold.js';
import { lightSocket } from '../baileys/light-socket.js';
import { proxyAgent } from '../network/proxy-agent.js';
import { answerTo, isPing } from './answers.js';
import type { ConnectionOptions } from './connection-options.js';
import * as disconnects from './disconnects.js';
import { expirationIn } from './expiration-protocol.js';
import { type IqReply, iqs, type OnArrival, type OnLate } from './iq.js';
import { keepAlive } from './keep-alive.js';
import { childrenOf, resultOf } from './nodes.js';

/** A connection to WhatsApp, linked or not. It ends once, by either side, and says why. */
export type Connection = {
  /** Whether WhatsApp, or who stands in its place, has answered the dial; before, nothing is asked of it. */
  hasReached(): boolean;
  readonly ended: Promise<Disconnect>;
  /** Puts a listener in place of Baileys' own, if it has any. */
  takeOver(event: string, listener: (node: BinaryNode) => unknown): void;
  /** Is shown each stanza that comes, with its answer where that is given at once. */
  observe(listener: (node: BinaryNode, answer: BinaryNode | undefined) => void): void;
  /** Makes so many pre-keys, or some, stores them and gives WhatsApp their public parts. */
  uploadPreKeys(count?: number): Promise<void>;
  /** Takes changed credentials in: nothing leaves until they are durable. */
  changeCredentials(update: Partial<AuthenticationCreds>): void;
  /** Sends a stanza that has no answer; false when it did not leave. */
  tell(node: BinaryNode): Promise<boolean>;
  /** Says whether the device is available, without a name; false when that did not leave. */
  tellPresence(type: 'available' | 'unavailable'): Promise<boolean>;
  /** Sends a query and waits for its answer. Never rejects. Without `onLate` what comes after the time is ignored. */
  sendIQ(
    node: BinaryNode,
    timeoutMs: number,
    onLate?: OnLate<IqReply>,
    onArrival?: OnArrival,
  ): Promise<IqReply>;
  end(disconnect: Disconnect): void;
  /** Ends it, unless something else did, and waits until the socket is gone. */
  close(): Promise<void>;
};

/** Who connects. */
export type Login = {
  readonly instance: string;
  /** Its own; undefined for that of the node. */
  readonly proxy: string | undefined;
  readonly auth: SocketConfig['auth'];
  /** Whether an account is being linked; else it logs in with one that is. */
  readonly linking?: boolean;
  /** Asked before each frame: from the first false on none leaves, and the connection ends. */
  readonly mayAct?: (() => boolean) | undefined;
  /** Takes changed credentials in; nothing leaves until the promise fulfils. */
  readonly onCredentials: (update: Partial<AuthenticationCreds>) => Promise<void>;
};

/** Dials. Throws when Baileys cannot make anything of the credentials. */
export function openConnection(
  { url, rootKey, versions, proxy: ofNode, log, timeouts }: ConnectionOptions,
  { instance, proxy = ofNode, auth, linking = false, mayAct = () => true, onCredentials }: Login,
): Connection {
  const ended = Promise.withResolvers<Disconnect>();
  const gone = Promise.withResolvers<void>();
  const observers: Parameters<Connection['observe']>[0][] = [];
  let isOver = false;
  let hasReached = false;
  const announced = versions.announced();
  let unreadable = 0;

  const { sock, socket, letThrough } = lightSocket({
    url,
    rootKey,
    revision: announced.revision,
    agent: proxy === undefined ? undefined : proxyAgent(proxy, timeouts.proxyMs),
    auth,
    linking,
    queryMs: timeouts.queryMs,
    onRefused: stanza => log.stanzaRefused({ instance, stanza }),
    onStanza:
      log.stanzaSeen && ((direction, outline) => log.stanzaSeen?.({ instance, direction, ...outline })),
  });
  const { ws, ev } = sock;
  const wire = frameHold(socket, timeouts.closeMs, mayLeave);
  const { ask, tell, abandon } = iqs(sock);
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

  function mayLeave(): boolean {
    if (mayAct()) return true;
    wire.shut();
    // Not before those who sent are told that nothing left.
    setImmediate(end, disconnects.notOurs());
    return false;
  }

  function onFault(event: string, cause: unknown) {
    if (!isOver) log.taskFailed({ task: `handling ${event}`, instance, cause });
  }

  /**
   * Each frame is numbered by the encryption: after one that cannot be decrypted, none can. One that is only no stanza has
   * used its number up, and would come again at each login if it ended the connection. One that is too long ends it all
   * the same.
   */
  function onUnreadable(cause: unknown, bytes: number) {
    if (isOver) return;
    if (cause instanceof FrameTooLong) end(disconnects.unclear('WhatsApp sent a frame that is too long'));
    else if (isNotDecrypted(cause)) end(disconnects.unclear('WhatsApp sent a frame that cannot be read'));
    else log.frameDropped({ instance, bytes, count: ++unreadable });
  }

  function receive(node: BinaryNode) {
    if (isOver) return;
    const answer = answerTo(node, auth.creds.me);
    if (answer) void tell(answer);
    for (const observe of observers) observe(node, answer);
  }

  function changeCredentials(update: Partial<AuthenticationCreds>) {
    if (isOver) return;
    const stored = onCredentials(update);
    wire.hold(stored);
    stored.catch(() => end(disconnects.notStored()));
  }

  function takeOver(event: string, listener: (node: BinaryNode) => unknown) {
    ws.removeAllListeners(event);
    ws.on(event, listener);
  }

  ws.on('open', () => (hasReached = true));
  // Linking is ours alone, and nothing is linked twice.
  ws.removeAllListeners('CB:iq,type:set,pair-device');
  ws.removeAllListeners('CB:iq,,pair-success');
  const frames = containListeners(ws, { onUnreadable, onFault });
  ws.on('frame', (frame: BinaryNode | Uint8Array) => {
    if (!(frame instanceof Uint8Array)) receive(frame); // Else a part of the handshake.
  });
  ws.on('CB:iq', (iq: BinaryNode) => {
    if (isPing(iq)) void tell(resultOf(iq));
  });
  ws.on('CB:ib', (ib: BinaryNode) => {
    // Baileys names the first of its children alone.
    const tags = new Set(childrenOf(ib).map(({ tag }) => tag));
    for (const tag of [...tags].slice(1)) ws.emit(`CB:ib,,${tag}`, ib);
  });
  // Baileys would tell of the end before us, without the reason.
  takeOver('CB:stream:error', node => {
    const owed = disconnects.owedIn(node);
    if (owed && !isOver) log.stanzaOwed({ instance, ...owed });
    end(disconnects.fromStreamError(node, announced, wallTime()));
  });
  takeOver('CB:failure', node => end(disconnects.fromFailure(node, announced, wallTime())));
  takeOver('CB:xmlstreamend', () => end(disconnects.streamEnded()));
  takeOver('CB:ib,,downgrade_webclient', () => end(disconnects.notMultiDevice()));
  ws.on('CB:ib,,client_expiration', (node: BinaryNode) => {
    const told = expirationIn(node);
    if (told) versions.expirationTold(announced.revision, told.time);
  });
  ws.prependListener('error', (error: unknown) => end(disconnects.fromSocketError(error)));
  ws.on('unexpected-response', (_request: unknown, { statusCode }: { statusCode?: number }) => {
    hasReached = true;
    end(disconnects.fromHttpStatus(statusCode ?? 0));
  });
  ev.on('connection.update', ({ connection, lastDisconnect }) => {
    if (connection === 'close') end(disconnects.fromBaileys(lastDisconnect?.error));
  });
  socket.once('close', () => {
    // A moment later, because Baileys tells the reason, if it has one, only after this.
    const later = () =>
      setImmediate(() => {
        end(disconnects.streamEnded());
        gone.resolve();
      });
    frames.after(later);
  });

  // Baileys' own listener sends a presence without a type, which counts as "available".
  ev.removeAllListeners('creds.update');
  ev.on('creds.update', changeCredentials);

  return {
    hasReached: () => hasReached,
    ended: ended.promise,
    takeOver,
    observe: listener => void observers.push(listener),
    uploadPreKeys: count => sock.uploadPreKeys(count),
    changeCredentials,
    tell,
    tellPresence: type => letThrough(`presence ${type}`, () => tell({ tag: 'presence', attrs: { type } })),
    sendIQ: (...query) => (isOver ? Promise.resolve({ kind: 'not_sent' }) : ask(...query)),
    end,
    async close() {
      end(disconnects.ownCause('Closed by this service'));
      await gone.promise;
    },
  };
}

/** What Node's cipher says of a wrong authentication tag. */
const isNotDecrypted = (cause: unknown): boolean =>
  cause instanceof Error && cause.message.includes('unable to authenticate data');
