import { InvalidArgumentError } from 'commander';
import type { Duration } from '../../../gen/ts/google/protobuf/duration.js';

const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `10s`, `500ms`, `1.5m`, `1h` or `30d` in milliseconds, for an option of a command. */
export function parseDuration(text: string): number {
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('Must be like 500ms, 10s, 2m, 1h or 30d.');
  return Math.round(Number(number) * MS[unit as keyof typeof MS]); // the pattern has no other unit
}

/** `2026-01-31T12:00:00Z`, or so long ago as a duration says. */
export function parseMoment(text: string): Date {
  const time = new Date(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(time.getTime())) return time;
  try {
    return new Date(Date.now() - parseDuration(text));
  } catch {
    throw new InvalidArgumentError('Must be like 2026-01-31, 2026-01-31T12:00:00Z, or 2d for two days ago.');
  }
}

/** Milliseconds as the API has them. */
export const toDuration = (ms: number): Duration => ({
  seconds: BigInt(Math.floor(ms / 1000)),
  nanos: (ms % 1000) * 1_000_000,
});

/** A duration of the API in seconds. */
export const inSeconds = ({ seconds, nanos }: Duration): number => Number(seconds) + nanos / 1e9;
