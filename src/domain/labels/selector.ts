import { type Labels, labelOf, UNREADABLE_LABELS } from './labels.js';

/** What the label with this key must be. */
export type Requirement = {
  readonly key: string;
  /** `in`: it has one of the values; `notin`: it has none of them, or is not there. */
  readonly must: 'exist' | 'not_exist' | 'in' | 'notin';
  /** For `in` and `notin` at least one. */
  readonly values: readonly string[];
};

/** Which instances are meant: those that meet every requirement. */
export type Selector = readonly Requirement[];

/** Whether an instance with these labels is meant. */
export const matches = (selector: Selector, labels: Labels): boolean =>
  selector.every(
    requirement => labels !== UNREADABLE_LABELS && isMet(requirement, labelOf(labels, requirement.key)),
  );

function isMet({ must, values }: Requirement, value: string | undefined): boolean {
  switch (must) {
    case 'exist':
      return value !== undefined;
    case 'not_exist':
      return value === undefined;
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
  }
}

/** A selector in the shortest words that `parseSelector` reads. */
export const selectorText = (selector: Selector): string => selector.map(requirementText).join(',');

function requirementText({ key, must, values }: Requirement): string {
  if (must === 'exist') return key;
  if (must === 'not_exist') return `!${key}`;
  if (values.length === 1) return `${key}${must === 'in' ? '=' : '!='}${values[0]}`;
  return `${key} ${must} (${values.join(',')})`;
}
