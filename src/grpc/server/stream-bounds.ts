import type { ServerHttp2Stream } from 'node:http2';

/** For a caller to take the refusal in, before the stream that it leaves open is reset. */
const LINGER_MS = 1_000;
/** RFC 9113 section 7; 8.1 names NO_ERROR for an answer that needs no more of the request. */
const NO_ERROR = 0;
const NO_MESSAGE = 8;

/**
 * Resets a stream whose peer does not end its side: in time, and after the answer.
 *
 * @param messageMs Undefined where it may take any time.
 */
export function endUnlessWhole(
  stream: ServerHttp2Stream,
  messageMs: number | undefined,
  onHalfOpen: () => void,
): void {
  const cancel = (code: number) => () => {
    if (stream.readableEnded) return;
    onHalfOpen();
    stream.close(code);
  };
  let timer = messageMs === undefined ? undefined : setTimeout(cancel(NO_MESSAGE), messageMs);
  stream.once('end', () => clearTimeout(timer));
  stream.once('close', () => clearTimeout(timer));
  stream.once('finish', () => {
    clearTimeout(timer);
    if (!stream.readableEnded) timer = setTimeout(cancel(NO_ERROR), LINGER_MS);
  });
}
