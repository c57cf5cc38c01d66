import { createHmac, randomBytes } from 'node:crypto';
import { PrivacyError, type Problem } from '../../domain/errors.js';
import { maskPhoneNumber } from '../../domain/instance.js';
import { clock } from '../../domain/time/clock.js';

/** Attempts to link in any hour; 0 for no limit. */
export type LinkLimits = {
  readonly perInstance: number;
  /** Of the number that a pairing code is for; whose phone scans a QR code is not known before. */
  readonly perNumber: number;
  readonly perNode: number;
};

/** How often a node may ask WhatsApp to link a phone. */
export interface LinkAttempts {
  /**
   * Counts one attempt.
   *
   * @param phoneNumber E.164, of an attempt with a pairing code.
   * @returns Takes it back, for an attempt in which WhatsApp was asked nothing.
   * @throws PrivacyError RATE_LIMITED
   */
  count(instance: string, phoneNumber: string | undefined): (() => void) | Promise<() => void>;
}

type Attempt = { readonly at: number; readonly instance: string; readonly number: string | undefined };
/** What is told of a limit. */
type Told = Omit<Rule, 'counts'> & { readonly retryAfterMs: number };
type Rule = {
  readonly limit: number;
  readonly unit: string;
  readonly subject: string;
  readonly counts: (attempt: Attempt) => boolean;
};

export const PERIOD_MS = 60 * 60 * 1000;
/** Where the node has no limit, the oldest beyond these is forgotten. */
const MOST_KEPT = 10_000;

/** @param now Milliseconds of a clock that never goes back. */
export function linkAttempts(
  limits: LinkLimits,
  now: () => number = clock,
): { count(...attempt: Parameters<LinkAttempts['count']>): () => void } {
  // Numbers of strangers are in no dump of the memory.
  const key = randomBytes(32);
  const digestOf = (number: string) => createHmac('sha256', key).update(number).digest('base64');
  const mostKept = Math.max(MOST_KEPT, limits.perNode);
  let made: readonly Attempt[] = [];

  const rules = ({ instance, number }: Attempt, phoneNumber: string | undefined): Rule[] => [
    {
      limit: limits.perInstance,
      unit: 'attempts to link the instance',
      subject: `instance:${instance}`,
      counts: attempt => attempt.instance === instance,
    },
    {
      ...ruleOfNumber(number === undefined ? 0 : limits.perNumber, phoneNumber ?? ''),
      counts: attempt => attempt.number === number,
    },
    {
      limit: limits.perNode,
      unit: 'attempts to link on this server',
      subject: 'node',
      counts: () => true,
    },
  ];

  function waitMs({ limit, counts }: Rule): number {
    const last = limit > 0 ? made.filter(counts).at(-limit) : undefined;
    return last ? last.at + PERIOD_MS - now() : 0;
  }

  return {
    count(instance, phoneNumber) {
      made = made.filter(({ at }) => at > now() - PERIOD_MS).slice(-mostKept);
      const number = phoneNumber === undefined ? undefined : digestOf(phoneNumber);
      const attempt: Attempt = { at: now(), instance, number };
      const [longest] = rules(attempt, phoneNumber)
        .map(rule => ({ ...rule, retryAfterMs: waitMs(rule) }))
        .sort((a, b) => b.retryAfterMs - a.retryAfterMs);
      if (longest && longest.retryAfterMs > 0) throw new PrivacyError(problemOf(longest));
      made = [...made, attempt];
      return () => {
        made = made.filter(other => other !== attempt);
      };
    },
  };
}

/** The limit of a phone number. */
export const ruleOfNumber = (limit: number, phoneNumber: string): Omit<Rule, 'counts'> => ({
  limit,
  unit: 'attempts to link this phone number',
  subject: `phonenumber:${maskPhoneNumber(phoneNumber)}`,
});

/** How a limit is told that is reached. */
export const problemOf = ({ limit, unit, subject, retryAfterMs }: Told): Problem => ({
  kind: 'RATE_LIMITED',
  periodSeconds: PERIOD_MS / 1000,
  limit,
  unit,
  subject,
  retryAfterMs,
});
