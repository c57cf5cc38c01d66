import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from './log-level.js';
import { scrub, scrubText } from './scrub.js';

type Log = (text: string, fields?: object) => void;

/** Writes one JSON line per call. */
export type Logger = { readonly [L in 'debug' | 'info' | 'warn' | 'error']: Log };

/** A logger on stderr, or on `stream`. Nothing it writes holds a secret or a whole phone number. */
export function createLogger(
  level: LogLevel,
  stream: DestinationStream = destination({ dest: 2, sync: false }),
): Logger {
  const log = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }), log: scrub },
      serializers: { err: (scrubbed: unknown) => scrubbed }, // pino's own would take the copy for an Error
    },
    stream,
  );
  const at =
    (name: keyof Logger): Log =>
    (text, fields = {}) =>
      log[name](fields, scrubText(text));
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
