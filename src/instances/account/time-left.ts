import { clock } from '../../domain/time/clock.js';
import { patience } from '../../domain/time/patience.js';
import type { CallOptions } from '../ports/orders.js';

/** How long one IQ may take when the caller's time allows it. */
export const IQ_TIMEOUT_MS = 10_000;
/** With less time than this nothing new is sent. */
export const MIN_ROOM_MS = 200;

/** Milliseconds left for the call. */
export const timeLeft = (call: CallOptions): number => call.deadline - clock();

/** Node's timers fire up to so much before their time. */
const TIMER_EARLY_MS = 2;

/** Whether the call has no time left, also where a timer that lasted as long says so. */
export const isOver = (call: CallOptions): boolean => timeLeft(call) <= TIMER_EARLY_MS;

/** Milliseconds an IQ may take that nothing has to follow. */
export const iqTimeout = (call: CallOptions): number => Math.min(IQ_TIMEOUT_MS, Math.max(timeLeft(call), 1));

/** What the promise brings, or undefined when the time is over first. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>(resolve => {
    timer = setTimeout(resolve, Math.max(ms, 0), undefined);
  });
  return Promise.race([promise, over]).finally(() => clearTimeout(timer));
}

/** The same where the time is not the caller's but for somebody else's answer: see `patience`. */
export async function patiently<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const end = patience(Math.max(ms, 0), () => resolve(undefined));
  return Promise.race([promise, over]).finally(end);
}
