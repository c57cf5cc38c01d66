import type { CallOptions } from './orders.js';

/** How long one IQ may take when the caller's time allows it. */
export const IQ_TIMEOUT_MS = 10_000;
/** With less time than this nothing new is sent. */
export const MIN_ROOM_MS = 200;

/** Milliseconds left for the call. */
export const timeLeft = (call: CallOptions): number => call.deadline - Date.now();

/** Milliseconds an IQ may take that nothing has to follow. */
export const iqTimeout = (call: CallOptions): number => Math.min(IQ_TIMEOUT_MS, Math.max(timeLeft(call), 1));
