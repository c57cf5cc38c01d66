import { wallMs } from '../domain/time/wall-time.js';
import type { LineSink } from './line-sink.js';
import { LOG_LEVELS, type LogLevel } from './log-level.js';
import { safeJson } from './scrub.js';
import { stderrLines } from './stderr.js';

type WrittenLevel = Exclude<LogLevel, 'silent'>;
type Log = (text: string, fields?: object) => void;

/** Writes one JSON line per call. */
export type Logger = { readonly [L in WrittenLevel]: Log } & {
  /** Whether `debug` writes anything, for what would cost something to say. */
  readonly isDebug: boolean;
};

/** A sink of which only `write` is needed. */
type Sink = Pick<LineSink, 'write'> & Partial<LineSink>;

/** A logger on stderr, or on `sink`. Nothing it writes holds a secret or a whole phone number. */
export function createLogger(level: LogLevel, sink: Sink = stderrLines()): Logger {
  const timeNow = isoTime();
  const isWritten = (name: WrittenLevel) => LOG_LEVELS.indexOf(name) >= LOG_LEVELS.indexOf(level);
  const at = (name: WrittenLevel): Log =>
    isWritten(name) ? (text, fields) => sink.write(lineOf(name, timeNow(), text, fields)) : () => undefined;

  sink.onDropped?.(count =>
    at('error')('lines of this log were dropped', { event: 'log_lines_dropped', count }),
  );
  /** A warning or an error leaves at once, with what waited. */
  function atOnce(name: 'warn' | 'error'): Log {
    const write = at(name);
    return (text, fields) => {
      write(text, fields);
      sink.flush?.();
    };
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: atOnce('warn'),
    error: atOnce('error'),
    isDebug: isWritten('debug'),
  };
}

/** Put together by hand, as every call has such a line. */
function lineOf(level: WrittenLevel, time: string, text: string, fields: object | undefined): string {
  let line = `{"level":"${level}","time":"${time}"`;
  for (const name in fields) {
    const json = safeJson(name, (fields as { readonly [name: string]: unknown })[name]);
    if (json !== undefined) line += `,"${name}":${json}`;
  }
  return `${line},"msg":${safeJson('msg', text)}}\n`;
}

/** The time of day as the log tells it, made once in a millisecond. */
function isoTime(): () => string {
  let madeAt = Number.NaN;
  let made = '';
  return () => {
    const now = wallMs();
    if (now !== madeAt) {
      madeAt = now;
      made = new Date(now).toISOString();
    }
    return made;
  };
}
