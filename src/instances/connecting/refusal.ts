import { type Disconnect, holdOf, refusalKindOf } from '../../domain/disconnect.js';
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
  const about = { instance, ...(code !== undefined && { whatsappCode: code }) };
  // A client that is outdated is not refused for good: the node tries again when the hold is over.
  const isOutdated = hold !== undefined && holdOf(cause) === 'until_accepted';
  const kind = isOutdated ? 'WHATSAPP_TIMEOUT' : refusalKindOf(code);
  switch (kind) {
    case 'WHATSAPP_RATE_LIMITED':
      return { kind, retryAfterMs: hold?.leftMs ?? LIMITED_MS, ...about };
    case 'WHATSAPP_REJECTED':
      return { kind, whatsappText: text, ...about };
    case 'WHATSAPP_TIMEOUT':
      return { kind, ...(hold && { retryAfterMs: hold.leftMs }), ...about };
  }
}
