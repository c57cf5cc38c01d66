import { pino, stdTimeFunctions } from 'pino';
import type { LineSink } from './line-sink.js';
import type { LogLevel } from './log-level.js';
import { scrub, scrubText } from './scrub.js';
import { stderrLines } from './stderr.js';

type Log = (text: string, fields?: object) => void;

/** Writes one JSON line per call. */
export type Logger = { readonly [L in Exclude<LogLevel, 'silent'>]: Log } & {
  /** Whether `debug` writes anything, for what would cost something to say. */
  readonly isDebug: boolean;
};

/** A sink of which only `write` is needed. */
type Sink = Pick<LineSink, 'write'> & Partial<LineSink>;

/** A logger on stderr, or on `sink`. Nothing it writes holds a secret or a whole phone number. */
export function createLogger(level: LogLevel, sink: Sink = stderrLines()): Logger {
  const log = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }), log: scrub },
      serializers: { err: (scrubbed: unknown) => scrubbed }, // pino's own would take the copy for an Error
    },
    sink,
  );
  const at =
    (name: Exclude<LogLevel, 'silent'>): Log =>
    (text, fields = {}) =>
      log[name](fields, scrubText(text));
  sink.onDropped?.(count =>
    at('error')('lines of this log were dropped', { event: 'log_lines_dropped', count }),
  );
  /** A warning or an error leaves at once, with what waited. */
  const atOnce =
    (name: 'warn' | 'error'): Log =>
    (text, fields) => {
      at(name)(text, fields);
      sink.flush?.();
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: atOnce('warn'),
    error: atOnce('error'),
    isDebug: log.isLevelEnabled('debug'),
  };
}
