import { type Disconnect, refusalKindOf } from '../../domain/disconnect.js';
import type { Problem } from '../../domain/errors.js';
import type { Hold } from './breaker.js';

/** How long a rate limit is taken to last when the node is not held for one. */
const LIMITED_MS = 60_000;

/** What WhatsApp's refusal means to the caller: the connection, or what was asked on it, came to this end. */
export function refusal(
  instance: string,
  cause: Disconnect,
  hold: Pick<Hold, 'leftMs'> | undefined,
): Problem {
  const { code, text } = cause;
  const shared = sharedProblem(instance, cause, hold?.leftMs);
  if (shared) return shared;
  const about = { instance, ...(code !== undefined && { whatsappCode: code }) };
  const kind = refusalKindOf(cause);
  switch (kind) {
    case 'WHATSAPP_RATE_LIMITED':
      return { kind, retryAfterMs: hold?.leftMs ?? LIMITED_MS, ...about };
    case 'WHATSAPP_REJECTED':
      return { kind, whatsappText: text, ...about };
    case 'WHATSAPP_UNCLEAR':
      return { kind, ...(hold && { retryAfterMs: hold.leftMs }), ...about };
    case 'WHATSAPP_TIMEOUT':
    case 'CONNECTION_LOST': // The code is Baileys', and WhatsApp sent none.
      return { kind, ...(hold && { retryAfterMs: hold.leftMs }), instance };
  }
}

/** What a disconnect means to the caller when it is not about the instance; undefined where that needs no other words. */
export function sharedProblem(
  instance: string,
  { culprit, text }: Disconnect,
  retryAfterMs: number | undefined,
): Problem | undefined {
  const about = { instance, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  switch (culprit?.kind) {
    case 'client_version': {
      const { version, ageDays } = culprit;
      return { kind: 'CLIENT_OUTDATED', version, ageDays, ...about };
    }
    case 'proxy':
      return { kind: 'PROXY_FAILED', proxyText: text, ...about };
    default:
      return undefined;
  }
}
