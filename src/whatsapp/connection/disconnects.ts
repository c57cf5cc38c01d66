import type { BinaryNode } from '@whiskeysockets/baileys';
import { DISCONNECTS, type Disconnect } from '../../domain/disconnect.js';
import { ageInDays, type ClientVersion, versionText } from '../../domain/version/client-version.js';
import { ProxyError } from '../network/proxy-agent.js';
import { childOf, codeOf } from './nodes.js';

/** A cause of our own. */
export const ownCause = (text: string): Disconnect => ({ code: undefined, text });

/** What came proves nothing, or cannot be read. */
export const unclear = (text: string): Disconnect => ({ code: undefined, text, isUnclear: true });

/** The store refused what must be durable. */
export const notStored = (): Disconnect => ownCause('The credentials could not be stored');

/** This node has lost the instance. */
export const notOurs = (): Disconnect => ownCause('Another node may have the instance by now');

/** Baileys' code for what took too long. */
export const timedOut = (text: string): Disconnect => ({ code: 408, text });

/** Baileys' code for a connection that is closed. */
const closed = (text: string): Disconnect => ({ code: 428, text });

/** The stream was ended without a reason, by WhatsApp or on the way. */
export const streamEnded = (): Disconnect => closed('WhatsApp closed the connection');

/** `<ib><downgrade_webclient/></ib>` */
export const notMultiDevice = (): Disconnect => withWords(411);

/**
 * `<stream:error code="515"/>`, `<stream:error code="401"><conflict type="device_removed"/></stream:error>` and
 * `<stream:error><conflict type="replaced"/></stream:error>`; without any code it is Baileys' 500, mostly transient.
 */
export function fromStreamError(node: BinaryNode, announced: ClientVersion, now: Date): Disconnect {
  const owed = owedIn(node);
  if (owed) return { code: 500, text: `WhatsApp missed an answer to a ${owed.stanza} stanza` };
  const code = codeOf(node.attrs['code']);
  const conflict = childOf(node, 'conflict');
  if (conflict?.attrs['type'] === 'replaced') return withWords(440);
  if (conflict?.attrs['type'] === 'device_removed') return withWords(code ?? 401);
  if (code === 405) return outdated(announced, now);
  return withWords(code ?? (conflict ? 440 : 500));
}

/** `<stream:error><ack class="status" id type/></stream:error>`: the stanza that WhatsApp wants an answer to. */
export function owedIn(node: BinaryNode): { stanza: string; id: string | undefined } | undefined {
  const ack = childOf(node, 'ack');
  if (!ack) return undefined;
  const { class: stanza, id } = ack.attrs;
  return { stanza: stanza && /^[\w:-]{1,40}$/.test(stanza) ? stanza : 'nameless', id: id?.slice(0, 100) };
}

/**
 * `<failure reason="403"/>`; a temporary ban, 402, says with `expire` for how many seconds. `<failure reason="405"
 * location="cln"/>` is about the version, 409 about the rest of `userAgent` (whatsmeow, zapo and whatsapp-rust).
 */
export function fromFailure({ attrs }: BinaryNode, announced: ClientVersion, now: Date): Disconnect {
  const code = codeOf(attrs['reason']) ?? 500;
  if (code === 405) return outdated(announced, now);
  if (code === 409) return { code, text: BAD_USER_AGENT, culprit: { kind: 'user_agent' } };
  const until = code === 402 ? endOfBan(attrs['expire'], now) : undefined;
  return { ...withWords(code), ...(until && { until }) };
}

const BAD_USER_AGENT = 'WhatsApp refuses the way in which this client presents itself (bad user agent)';

function outdated(announced: ClientVersion, now: Date): Disconnect {
  const version = versionText(announced);
  const ageDays = ageInDays(announced, now);
  const { code, text } = withWords(405);
  return {
    code,
    text: `${text} (${version}, ${ageDays} days old)`,
    culprit: { kind: 'client_version', version, ageDays },
  };
}

/** Seconds from now, or, where the number is too large for that, since 1970. */
function endOfBan(expire: string | undefined, now: Date): Date | undefined {
  if (!/^\d{1,10}$/.test(expire ?? '')) return undefined;
  const seconds = Number(expire);
  return new Date(seconds * 1000 + (seconds < 1e9 ? now.getTime() : 0));
}

/**
 * The upgrade to a WebSocket was answered with an HTTP status. Only those that mean "later" are taken for WhatsApp's
 * codes: a 401 or 403 may come from any proxy on the way and must not end a link.
 */
export function fromHttpStatus(status: number): Disconnect {
  const text = `The server answered HTTP ${status} in place of a WebSocket`;
  return status === 429 || (status >= 500 && status <= 504) ? { code: status, text } : unclear(text);
}

/** The socket failed: unreachable, reset, or a broken WebSocket frame. */
export function fromSocketError(error: unknown): Disconnect {
  if (error instanceof ProxyError) return { ...ownCause(error.message), culprit: { kind: 'proxy' } };
  const name = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = `No connection to WhatsApp${name && ` (${name})`}`;
  return name === 'ETIMEDOUT' ? timedOut(text) : closed(text);
}

/** Why Baileys gave up before or after the login, as its `connection.update` tells it. */
export function fromBaileys(error: unknown): Disconnect {
  const message = error instanceof Error ? error.message : '';
  if (/certificat/i.test(message)) return unclear('The server could not prove that it is WhatsApp');
  switch (statusOf(error)) {
    case 408:
      return timedOut('WhatsApp did not answer');
    case 428:
      return streamEnded();
    default:
      return unclear('The handshake with WhatsApp failed');
  }
}

/** The status of a Boom, Baileys' error; undefined for any other. */
export function statusOf(error: unknown): number | undefined {
  const output = error instanceof Error && 'output' in error ? error.output : undefined;
  const status =
    typeof output === 'object' && output && 'statusCode' in output ? output.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

const withWords = (code: number): Disconnect => ({
  code,
  text: DISCONNECTS[code]?.text ?? `WhatsApp ended the connection (${code})`,
});
