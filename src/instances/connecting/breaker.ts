import { setMaxListeners } from 'node:events';
import { backoffMs } from '../../domain/backoff.js';
import { type Disconnect, holdOf, type NodeHold } from '../../domain/disconnect.js';
import type { SharedHold } from '../../domain/nodes/shared.js';
import { clock } from '../../domain/time/clock.js';
import { type Due, dueIn } from '../../domain/time/due.js';

/** How often one account tries whether WhatsApp takes this client again. */
export const PROBE_EVERY_MS = 5 * 60_000;
/** A rate limit so long after the end of the last one counts as the first again. */
const DIAL_LIMIT_FORGIVEN_AFTER_MS = 15 * 60_000;

/** Why no instance of the node may dial, and when one may: in so many milliseconds, or as soon as `over` aborts. */
export type Hold = {
  readonly leftMs: number;
  /** When that is, as it is shown. */
  readonly until: Date;
  readonly cause: Disconnect;
  readonly over: AbortSignal;
};

/** Is told when WhatsApp refuses this client, by each refusal, and when it takes it again. */
export type RefusalListener = {
  /** `isNews`: until now it was taken. */
  readonly refused: (cause: Disconnect, isNews: boolean) => void;
  readonly accepted: () => void;
};

/** How an instance dials: `probe`: it is the one that tries, which is not held back any more; `held`: after all not. */
export type Dialling = 'freely' | 'probe' | 'held';

/** Stops the dials of a whole node when WhatsApp has something against all of them. */
export interface Breaker {
  /** Undefined when an instance may dial. */
  readonly hold: () => Hold | undefined;
  /** An instance dials, as `hold` allowed. */
  readonly dialling: () => Dialling | Promise<Dialling>;
  /** WhatsApp accepted this client. */
  readonly accepted: () => void;
  /** A connection ended or could not be made. */
  readonly failed: (disconnect: Disconnect) => void;
  /** From now on this client presents itself otherwise: one instance may try that at once. */
  readonly renewed: () => void;
  readonly listen: (listener: RefusalListener) => void;
}

/** The breaker of a node, which can tell others what holds it, and be held by what holds them. */
export type OwnBreaker = Breaker & {
  readonly dialling: () => Exclude<Dialling, 'held'>;
  /** What of this kind there is, also where its time is over; undefined where there is nothing. */
  readonly ongoing: (kind: NodeHold) => SharedHold | undefined;
  /** From now on these hold, and no other refusal. */
  readonly adopt: (holds: readonly SharedHold[]) => void;
};

/**
 * The breaker of a node.
 *
 * @param now Milliseconds by a clock that is never set back.
 * @param random From 0 to 1, exclusive.
 */
export function breaker(now: () => number = clock, random: () => number = Math.random): OwnBreaker {
  type Ongoing = Due & { readonly cause: Disconnect };
  const lasting = (ms: number) => dueIn(ms, now);
  /** Undefined while WhatsApp takes this client. */
  let refusal: Ongoing | undefined;
  let limit: (Ongoing & { readonly count: number }) | undefined;
  let acceptance = endless();
  const listeners: RefusalListener[] = [];

  function accepted() {
    if (!refusal) return;
    refusal = undefined;
    wake();
    for (const listener of listeners) listener.accepted();
  }

  /** Ends the wait of those who are held by the refusal. */
  function wake() {
    const waiting = acceptance;
    acceptance = endless();
    waiting.abort();
  }

  return {
    hold() {
      const longest = !refusal || (limit && limit.dueAt > refusal.dueAt) ? limit : refusal;
      if (!longest || longest.dueAt <= now()) return undefined;
      const { signal } = longest === refusal ? acceptance : NEVER;
      const { dueAt, until, cause } = longest;
      return { leftMs: dueAt - now(), until, cause, over: signal };
    },
    dialling() {
      if (!refusal) return 'freely';
      refusal = { ...refusal, ...lasting(PROBE_EVERY_MS) };
      return 'probe';
    },
    accepted,
    failed(cause) {
      switch (holdOf(cause)) {
        case 'until_accepted': {
          const isNews = refusal === undefined;
          // Else of the probe, or of a dial that was under way.
          if (!refusal || now() >= refusal.dueAt) refusal = { ...lasting(PROBE_EVERY_MS), cause };
          for (const listener of listeners) listener.refused(cause, isNews);
          break;
        }
        case 'for_a_while': {
          if (limit && now() < limit.dueAt) return; // Of a dial that was under way.
          const previous = limit && now() - limit.dueAt <= DIAL_LIMIT_FORGIVEN_AFTER_MS ? limit.count : 0;
          const count = previous + 1;
          limit = { ...lasting(backoffMs('limited_dial', count, random)), cause, count };
          break;
        }
        case undefined:
          break;
      }
    },
    renewed() {
      if (!refusal) return;
      refusal = { ...refusal, ...lasting(0) };
      wake();
    },
    listen: listener => void listeners.push(listener),
    ongoing(kind) {
      const found = kind === 'until_accepted' ? refusal && { ...refusal, count: 1 } : limit;
      return found && { kind, cause: found.cause, leftMs: found.dueAt - now(), count: found.count };
    },
    adopt(holds) {
      const [refused] = holds.filter(({ kind }) => kind === 'until_accepted');
      const [limited] = holds.filter(({ kind }) => kind === 'for_a_while');
      if (limited) limit = { ...lasting(limited.leftMs), cause: limited.cause, count: limited.count };
      if (!refused) return accepted();
      const isNews = refusal === undefined;
      refusal = { ...lasting(refused.leftMs), cause: refused.cause };
      if (isNews) for (const listener of listeners) listener.refused(refused.cause, true);
      if (refused.leftMs <= 0) wake();
    },
  };
}

/** A controller whose signal every instance of the node may listen to. */
function endless(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** A rate limit ends with its time alone. */
const NEVER = endless();
