import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from './log-level.js';
import { scrub, scrubText } from './scrub.js';

type Log = (text: string, fields?: object) => void;

/** Writes one JSON line per call. */
export type Logger = { readonly [L in Exclude<LogLevel, 'silent'>]: Log } & {
  /** Whether `debug` writes anything, for what would cost something to say. */
  readonly isDebug: boolean;
};

/**
 * Lines are written together, for a system call costs as much as a tenth of the call it tells of. A warning or an error
 * leaves at once, with what waited.
 */
const TOGETHER = { sync: false, minLength: 32_768, maxWrite: 65_536, periodicFlush: 50 } as const;

/** A logger on stderr, or on `stream`. Nothing it writes holds a secret or a whole phone number. */
export function createLogger(
  level: LogLevel,
  stream: DestinationStream & { flush?(): void } = destination({ dest: 2, ...TOGETHER }),
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
    (name: Exclude<LogLevel, 'silent'>): Log =>
    (text, fields = {}) =>
      log[name](fields, scrubText(text));
  const atOnce =
    (name: 'warn' | 'error'): Log =>
    (text, fields) => {
      at(name)(text, fields);
      stream.flush?.();
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: atOnce('warn'),
    error: atOnce('error'),
    isDebug: log.isLevelEnabled('debug'),
  };
}
