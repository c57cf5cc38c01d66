/** What an instance is, for whoever addresses instances by what they are. */
export type Labels = Readonly<Record<string, string>>;

/** A change of labels; no key is in both. */
export type LabelChange = { readonly set: Labels; readonly remove: readonly string[] };

/** The most labels of one instance. */
export const MOST_LABELS = 32;

/** Stands for stored labels that cannot be read any more: no selector matches them. */
export const UNREADABLE_LABELS: Labels = {};

const KEY = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const VALUE = /^[a-zA-Z0-9._-]{0,63}$/;

export const isLabelKey = (text: string): boolean => KEY.test(text);
export const isLabelValue = (text: string): boolean => VALUE.test(text);

/** The value of a label; undefined without it. A key may be the name of something that every object has. */
export const labelOf = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;

/** The labels after a change, ordered by key. */
export function changedLabels(labels: Labels, { set, remove }: LabelChange): Labels {
  const kept = Object.entries(labels).filter(([key]) => !remove.includes(key));
  return sortedLabels({ ...Object.fromEntries(kept), ...set });
}

/** Ordered by key, so that the same labels are written the same. */
export const sortedLabels = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
