import type { Agent } from 'node:http';
import {
  type BinaryNode,
  Browsers,
  type CacheStore,
  DEFAULT_CONNECTION_CONFIG,
  type SocketConfig,
} from '@whiskeysockets/baileys';
import { makeSocket } from '@whiskeysockets/baileys/lib/Socket/socket.js';
import type { WebSocket } from 'ws';
import { LONGEST_TIMER_MS } from '../../domain/longest-timer.js';
import { racingAgent } from '../network/racing-agent.js';
import { baileysLogger } from './baileys-logger.js';
import { checkNextHandshake } from './server-check.js';
import { kindOf, mayLeave, type PresenceKind } from './stanza-allow-list.js';
import { outlineOf, outlineOfText, type StanzaOutline } from './stanza-outline.js';
import { withoutStacksUntilItWaits } from './without-stacks.js';

/** What a socket needs besides Baileys' own defaults. */
export type LightSocketOptions = {
  readonly url: string | undefined;
  /** Undefined for WhatsApp's own. */
  readonly rootKey: Buffer<ArrayBuffer> | undefined;
  /** The N of `2.3000.N`, which the login and the `buildHash` of a registration announce. */
  readonly revision: number;
  /** Makes the connection; undefined for none but the usual one. */
  readonly agent: Agent | undefined;
  readonly auth: SocketConfig['auth'];
  /** Whether it is there to link an account. */
  readonly linking: boolean;
  /** For the queries Baileys makes at login. */
  readonly queryMs: number;
  /** A stanza that may not leave was refused. */
  readonly onRefused: (kind: string) => void;
  /** A stanza came or leaves. */
  readonly onStanza: ((direction: 'in' | 'out', outline: StanzaOutline) => void) | undefined;
};

/** Code pairing takes only a usual browser on a usual system. */
export const BROWSER = Browsers.windows('Chrome');

const NO_CACHE: CacheStore = {
  get: () => undefined,
  set: () => true,
  del: () => true,
  flushAll: () => undefined,
};

/** What makes a Baileys socket light: it makes no queries of its own after the login, and keeps nothing. */
export const LIGHT_OPTIONS = {
  // No second try: a failed write ends the connection.
  transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
  fireInitQueries: false,
  markOnlineOnConnect: false,
  syncFullHistory: false,
  shouldSyncHistoryMessage: () => false,
  shouldIgnoreJid: () => true,
  enableRecentMessageCache: false,
  enableAutoSessionRecreation: false,
  msgRetryCounterCache: NO_CACHE,
  userDevicesCache: NO_CACHE,
  callOfferCache: NO_CACHE,
  placeholderResendCache: NO_CACHE,
} satisfies Partial<SocketConfig>;

/** In place of what encrypts and decrypts messages, with its caches: nothing here does either. */
const NO_MESSAGES = {} as ReturnType<SocketConfig['makeSignalRepository']>;

/** The lowest of the eight layers of a Baileys socket: handshake, login, pre-keys and pairing. */
export type LightSocket = ReturnType<typeof makeSocket>;

/**
 * A Baileys socket that only keeps a login: no history, no messages read or stored, and
 * online only when told to be. Without the layers for
 * chats, groups and the like, which are half of its memory. Stanzas that may not leave are refused before encryption, as
 * if the socket were closed for them alone.
 */
export function lightSocket(options: LightSocketOptions): {
  sock: LightSocket;
  socket: WebSocket;
  /** Lets this presence through that `send` sends before it returns. */
  letThrough: <T>(presence: PresenceKind, send: () => T) => T;
} {
  const { onStanza } = options;
  let refused = false;
  let meant: PresenceKind | undefined;
  const logger = baileysLogger({
    stanza(xml) {
      const kind = kindOf(xml);
      refused = !mayLeave(kind, { linking: options.linking, meant });
      if (refused) options.onRefused(kind);
      else if (onStanza && socket.readyState === socket.OPEN) {
        const outline = outlineOfText(xml);
        if (outline) onStanza('out', outline);
      }
    },
    handshake() {
      withoutStacksUntilItWaits();
      checkNextHandshake(options.rootKey);
    },
  });

  const url = options.url ?? DEFAULT_CONNECTION_CONFIG.waWebSocketUrl;
  const racing = racingAgent(new URL(url).protocol === 'wss:');
  const sock = makeSocket({
    ...DEFAULT_CONNECTION_CONFIG,
    waWebSocketUrl: url,
    version: [2, 3000, options.revision],
    agent: (options.agent ?? racing.agent) as NonNullable<SocketConfig['agent']>, // Of https, it says; it is for both.
    auth: options.auth,
    logger,
    browser: BROWSER,
    connectTimeoutMs: 0, // None: who connects has a timer, and Baileys would start one with each stanza.
    defaultQueryTimeoutMs: options.queryMs,
    keepAliveIntervalMs: LONGEST_TIMER_MS, // Never: `connection.ts` has a ping of its own.
    ...LIGHT_OPTIONS,
    makeSignalRepository: () => NO_MESSAGES,
  });

  // Protected in the types; there is no other way to the WebSocket itself.
  const { socket } = sock.ws as unknown as { socket: WebSocket };
  socket.once('close', racing.stop);
  // Baileys asks this between showing a stanza to the logger and encrypting it.
  Object.defineProperty(sock.ws, 'isOpen', {
    get() {
      const isOpen = !refused && socket.readyState === socket.OPEN;
      refused = false;
      return isOpen;
    },
  });
  if (onStanza)
    sock.ws.on('frame', (frame: BinaryNode | Uint8Array) => {
      if (!(frame instanceof Uint8Array)) onStanza('in', outlineOf(frame)); // Else a part of the handshake.
    });
  return {
    sock,
    socket,
    letThrough(presence, send) {
      meant = presence;
      try {
        return send();
      } finally {
        meant = undefined;
      }
    },
  };
}
