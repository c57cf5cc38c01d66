import {
  isLabelKey,
  isLabelValue,
  type LabelChange,
  type Labels,
  MOST_LABELS,
  sortedLabels,
} from '../../domain/labels/labels.js';
import { parseSelector } from '../../domain/labels/parse-selector.js';
import type { Selector } from '../../domain/labels/selector.js';
import { type Checked, every, KEPT, together, valid, violation } from './checked.js';

const KEY_RULE = '1 to 63 of a-z, 0-9, dot, underscore and hyphen, starting with a letter or digit';
const VALUE_RULE = '0 to 63 of a-z, A-Z, 0-9, dot, underscore and hyphen';

/** The labels of a new instance. */
export function labels(field: string, sent: Labels): Checked<Labels> {
  if (Object.keys(sent).length > MOST_LABELS)
    return violation(field, 'OUT_OF_RANGE', `${field} must have at most ${MOST_LABELS} labels`);
  const checked = every(
    Object.entries(sent).flatMap(([key, value]) => label(`${field}["${key}"]`, key, value)),
  );
  return checked.violations ? checked : valid(sortedLabels(sent));
}

const label = (place: string, key: string, value: string): Checked<undefined>[] => [
  isLabelKey(key) ? KEPT : violation(place, 'INVALID_FORMAT', `the key of a label must be ${KEY_RULE}`),
  isLabelValue(value)
    ? KEPT
    : violation(place, 'INVALID_FORMAT', `the value of a label must be ${VALUE_RULE}`),
];

/** A change of labels: what is set, and what is removed of the others. */
export const labelChange = (set: Labels, remove: readonly string[]): Checked<LabelChange> =>
  together({
    set: labels('labels_to_set', set),
    remove: every(remove.map((key, index) => removed(`labels_to_remove[${index}]`, key, set))),
  });

function removed(place: string, key: string, set: Labels): Checked<string> {
  if (!isLabelKey(key)) return violation(place, 'INVALID_FORMAT', `the key of a label must be ${KEY_RULE}`);
  return Object.hasOwn(set, key)
    ? violation(place, 'CONFLICTING', `${place} is in labels_to_set too`)
    : valid(key);
}

/** A selector; that of an empty text means every instance. */
export const selector = (text: string): Checked<Selector> =>
  text === '' ? valid([]) : requiredSelector(text);

/** A selector with a requirement at least. */
export function requiredSelector(text: string): Checked<Selector> {
  if (text === '') return violation('label_selector', 'REQUIRED', 'label_selector is required');
  const parsed = parseSelector(text);
  return parsed.mistake === undefined
    ? valid(parsed.selector)
    : violation('label_selector', 'INVALID_FORMAT', `label_selector ${parsed.mistake}`);
}

/** A selector of a request that may name instances in its place. */
export const inPlaceOfNames = (text: string, names: readonly string[]): Checked<Selector> =>
  text !== '' && names.length > 0
    ? violation('label_selector', 'CONFLICTING', 'label_selector must be empty: instances are named')
    : selector(text);
