import type { IncomingHttpHeaders } from 'node:http2';
import { LONGEST_TIMER_MS } from '../../domain/longest-timer.js';

/** As "gRPC over HTTP2" defines it. grpc-js also takes what only contains such a thing, `-1S` or `123456789S`. */
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
/** The units in which eight digits can exceed the longest timer. */
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000 };
const LONGEST = `${Math.floor(LONGEST_TIMER_MS / 1_000)}S`;
/** grpc-js answers it as what it is. */
const INVALID = '';

/**
 * Mends `grpc-timeout` before grpc-js reads it: one beyond the longest timer becomes as long as that, for grpc-js would
 * end the call at once.
 */
export function mendDeadline(headers: IncomingHttpHeaders): void {
  const sent = headers['grpc-timeout'];
  if (sent !== undefined) headers['grpc-timeout'] = mended(String(sent));
}

function mended(sent: string): string {
  const [, digits, unit = ''] = TIMEOUT.exec(sent) ?? [];
  if (digits === undefined) return INVALID;
  return Number(digits) * (UNIT_MS[unit] ?? 0) > LONGEST_TIMER_MS ? LONGEST : sent;
}
