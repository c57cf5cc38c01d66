import { setTimeout as pause } from 'node:timers/promises';
import { clock } from '../domain/time/clock.js';
import type { LeaseStore, NodeDescription } from './ports.js';

/** A node that was not heard of for so long counts as dead, by the clock of the database. */
export const TTL_MS = 15_000;
export const RENEW_MS = 5_000;
/** So long after it sent the last renewal that was answered it acts no more, by its own clock; the rest is for its end. */
export const ACT_MS = 10_000;
/** A renewal without an answer is sent again. */
const ANSWER_MS = 2_000;
const AGAIN_MS = 500;

/** One stay of this process among the nodes. */
export type Life = {
  readonly id: string;
  /** Whether it may act: asked each time, for a process that was stopped wakes up at any point. */
  isOn(): boolean;
  /** Aborts when it is over: not renewed in time, or the node was taken for dead. */
  readonly over: AbortSignal;
  /** Renews no more. */
  end(): void;
};

/** Joins the nodes and lives on as long as the database hears of it in time. */
export async function beginLife(
  leases: Pick<LeaseStore, 'join' | 'renew'>,
  node: NodeDescription,
): Promise<Life> {
  const ending = new AbortController();
  const { signal } = ending;
  let actUntil = clock() + ACT_MS;
  await leases.join(node, TTL_MS);
  let fence = setTimeout(look, actUntil - clock());

  function look() {
    const left = actUntil - clock();
    if (left > 0) fence = setTimeout(look, left);
    else end();
  }
  function end() {
    clearTimeout(fence);
    ending.abort();
  }

  /** Whether there was an answer. */
  async function renew(): Promise<boolean> {
    const sentAt = clock();
    const lives = await leases.renew(TTL_MS).catch(() => undefined);
    if (lives) actUntil = Math.max(actUntil, sentAt + ACT_MS);
    if (lives === false && !signal.aborted) end();
    return lives !== undefined;
  }
  const sleep = (ms: number) => pause(ms, false, { signal }).catch(() => false);
  async function renewing() {
    while (!signal.aborted) {
      const isAnswered = await Promise.race([renew(), sleep(ANSWER_MS)]);
      await sleep(isAnswered ? RENEW_MS : AGAIN_MS);
    }
  }
  void renewing();

  return { id: node.id, isOn: () => !signal.aborted && clock() < actUntil, over: signal, end };
}
