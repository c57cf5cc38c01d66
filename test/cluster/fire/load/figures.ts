import { status } from '@grpc/grpc-js';
import { SettingOutcome_State as State } from '../../../../gen/ts/whatsapp/privacy/v1/errors.js';
import type { Overlap } from '../support/witness.js';
import type { Loaded } from './load.js';

/** What a load came to, in lines. */
export function figuresOf({ asked, reads, applies }: Loaded): string[] {
  const states = asked.flatMap(({ answer }) => (answer.outcomes ?? []).map(({ state }) => State[state]));
  const refusals = asked.flatMap(({ answer: { outcomes, code, reason } }) =>
    outcomes ? [] : [`${code} ${reason}`],
  );
  const again = asked.flatMap(({ lost }) => lost.map(code => status[code]));
  return [
    `${asked.length} updates, asked for again after ${countsOf(again) || 'nothing'}; outcomes: ${countsOf(states)}`,
    `updates without outcomes: ${countsOf(refusals)}`,
    `${reads.answered} reads; others: ${[...reads.failed].map(([why, count]) => `${count} ${why}`).join(', ')}`,
    `changes of many: ${applies.succeeded} accounts succeeded, ${applies.failed} failed; ${applies.cut} streams cut`,
  ];
}

/** How many sessions overlapped, and for how long. */
export const overlapLine = (overlaps: readonly Overlap[]): string =>
  `${overlaps.length} overlaps of frozen nodes, the longest ${Math.max(0, ...overlaps.map(({ ms }) => ms))} ms`;

const countsOf = (words: readonly (string | undefined)[]): string =>
  [...Map.groupBy(words, word => word)].map(([word, all]) => `${all.length} ${word}`).join(', ');
