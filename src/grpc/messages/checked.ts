import { PrivacyError, type Violation, type ViolationReason } from '../../domain/errors.js';

/** All that is wrong with a part of a request. */
export type Wrong = { readonly violations: readonly Violation[] };

/** What a part of a request comes to, unless it is wrong. */
export type Checked<Value> = { readonly value: Value; readonly violations?: undefined } | Wrong;

/** Parts of a request, each by itself. */
export type Parts<Values> = { readonly [Part in keyof Values]: Checked<Values[Part]> };

export const valid = <Value>(value: Value): Checked<Value> => ({ value });

/** A rule that is kept and comes to nothing. */
export const KEPT = valid(undefined);

export const violation = (field: string, reason: ViolationReason, description: string): Wrong => ({
  violations: [{ field, reason, description }],
});

/** The values of all, or what is wrong with any. */
export function every<Value>(all: readonly Checked<Value>[]): Checked<Value[]> {
  const violations = all.flatMap(one => one.violations ?? []);
  if (violations.length > 0) return { violations };
  return valid(all.flatMap(one => (one.violations ? [] : [one.value])));
}

/** The values of all parts, or what is wrong with any, in their order. */
export function together<Values extends object>(parts: Parts<Values>): Checked<Values> {
  const values: Partial<Values> = {};
  const violations: Violation[] = [];
  for (const name in parts) {
    const part = parts[name];
    if (part.violations) violations.push(...part.violations);
    else values[name] = part.value;
  }
  return violations.length > 0 ? { violations } : valid(values as Values);
}

/** What the parts of a request come to. Refuses it with everything that is wrong with them. */
export function accept<Values extends object>(parts: Parts<Values>): Values {
  const checked = together<Values>(parts);
  if (!checked.violations) return checked.value;
  const { violations } = checked;
  const onlyReadOnly = violations.every(({ reason }) => reason === 'READ_ONLY');
  throw new PrivacyError({ kind: onlyReadOnly ? 'SETTING_READ_ONLY' : 'INVALID_REQUEST', violations });
}
