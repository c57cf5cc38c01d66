import type { ServerHttp2Stream } from 'node:http2';
import { clock } from '../../domain/time/clock.js';

/** Streams, until their requests are whole. */
export type StreamBounds = {
  /** @param mayLast Whether the request may take any time. */
  watch(stream: ServerHttp2Stream, address: string, mayLast: boolean): void;
  stop(): void;
};

/** A request that is not whole. */
type Part = {
  readonly address: string;
  readonly mayLast: boolean;
  readonly begunAt: number;
  /** When it was seen that the answer had left. */
  answeredAt: number | undefined;
};

/** One look at all of them costs less than timers for each call, nearly all of which are whole at once. */
const LOOK_MS = 250;
/** For a caller to take the refusal in, before the stream that it leaves open is reset. */
const LINGER_MS = 1_000;
/** RFC 9113 section 7; 8.1 names NO_ERROR for an answer that needs no more of the request. */
const NO_ERROR = 0;
const NO_MESSAGE = 8;

/**
 * Resets streams whose peers do not end their side: in time, and after the answer.
 *
 * @param onHalfOpen Hears whose it was.
 */
export function streamBounds(messageMs: number, onHalfOpen: (address: string) => void): StreamBounds {
  const parts = new Map<ServerHttp2Stream, Part>();

  function look() {
    const now = clock();
    for (const [stream, part] of parts) {
      if (stream.readableEnded) parts.delete(stream);
      else if (stream.writableFinished) {
        part.answeredAt ??= now;
        if (now - part.answeredAt >= LINGER_MS) reset(stream, part, NO_ERROR);
      } else if (!part.mayLast && now - part.begunAt >= messageMs) reset(stream, part, NO_MESSAGE);
    }
  }

  function reset(stream: ServerHttp2Stream, { address }: Part, code: number) {
    parts.delete(stream);
    onHalfOpen(address);
    stream.close(code);
  }

  const looking = setInterval(look, LOOK_MS).unref();
  return {
    watch(stream, address, mayLast) {
      parts.set(stream, { address, mayLast, begunAt: clock(), answeredAt: undefined });
      stream.once('close', () => parts.delete(stream));
    },
    stop: () => clearInterval(looking),
  };
}
