import type { status } from '@grpc/grpc-js';
import type { Problem, Reason } from '../../domain/errors.js';
import type { Cause } from '../../domain/outcome.js';
import type { Setting } from '../../domain/settings/settings-table.js';
import type { Method } from '../method.js';
import { type KeyOf, ROWS, type Row } from './problem-rows.js';

/** The states in which the origin answers with one sentence. */
const NOT_USABLE: readonly Reason[] = [
  'INSTANCE_NOT_CONNECTED',
  'INSTANCE_NOT_LINKED',
  'INSTANCE_LOGGED_OUT',
  'INSTANCE_SUSPENDED',
];

// The row of a problem's kind takes that problem, which TypeScript cannot follow through the table.
const rowOf = (problem: Problem) => ROWS[problem.kind] as Row<Reason>;

export function codeOf(problem: Problem): status {
  const { code } = rowOf(problem);
  return typeof code === 'function' ? code(problem) : code;
}

/** What happened and what to do about it. */
export function adviceOf(problem: Problem): string {
  const { text } = rowOf(problem);
  return typeof text === 'function' ? text(problem) : text;
}

/** What may be told of a problem's data. */
export const metadataKeysOf = (problem: Problem): readonly KeyOf<Problem>[] => rowOf(problem).metadata;

/** The words of the status when nothing more exact is known. */
export const textOf = (problem: Problem, method: Pick<Method, 'keepsOriginWords'>): string =>
  NOT_USABLE.includes(problem.kind) && method.keepsOriginWords
    ? 'Instance is not connected to WhatsApp'
    : adviceOf(problem);

/** The words of an outcome's cause; an update that failed before its first step knows the reason alone. */
export const inWords = (cause: Cause, problem: Problem): string =>
  cause.message === problem.kind ? adviceOf(problem) : cause.message;

/** The settings a problem is about. */
export const settingsOf = (problem: Problem): readonly Setting[] => {
  if ('settings' in problem) return problem.settings;
  return 'setting' in problem && problem.setting ? [problem.setting] : [];
};
