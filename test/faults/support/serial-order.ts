import { CATEGORIES, type Category, type Values } from './settings.js';

/** What one update did to the settings, as far as its caller was told. */
export type Effects = {
  /** Values that are said to be in force at its place in the order. */
  readonly made: Values;
  /** Values that may have been set or not. */
  readonly perhaps: Values;
  /** Began after these had been answered. */
  readonly after: readonly Effects[];
};

/**
 * Whether the updates, in some order, lead from the first settings to the last. Built from the end: an update may be
 * the last of those left when every setting it made, and nobody after it made, is as it says. To put one that may be
 * last there forbids nothing, for it only frees settings for those before it, so no choice has to be taken back.
 */
export function hasSerialOrder(before: Values, updates: readonly Effects[], final: Values): boolean {
  const open = new Set<Category>(CATEGORIES);
  let left = [...updates];
  const fits = ({ made }: Effects) => [...open].every(name => (made[name] ?? final[name]) === final[name]);

  while (left.length > 0) {
    const last = left.find(one => fits(one) && !left.some(({ after }) => after.includes(one)));
    if (!last) return false;
    left = left.filter(one => one !== last);
    for (const category of open) {
      const perhaps = last.perhaps[category];
      const isMade = last.made[category] !== undefined;
      if (isMade || (perhaps !== undefined && perhaps === final[category])) open.delete(category);
    }
  }
  return [...open].every(category => before[category] === final[category]);
}
