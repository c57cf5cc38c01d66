import { audiencesOf, type Setting, specOf } from './settings-table.js';

/** A change of one setting; `from` is what WhatsApp reported, perhaps a value without a name or nothing. */
export type Change = { readonly setting: Setting; readonly from: string | undefined; readonly to: string };

/**
 * Whether the change may open the setting to a wider audience. A value without a name counts as narrower than all that
 * have one, and where no value was told only the narrowest that can be set is sure not to widen it.
 */
export function widens({ setting, from, to }: Change): boolean {
  const audiences = audiencesOf(setting);
  if (from === undefined) return to !== specOf(setting).values.at(-1);
  return !audiences.includes(from) || audiences.indexOf(to) < audiences.indexOf(from);
}

/** The order in which changes are sent: what narrows first, what widens only after all of that held. */
export const waves = (changes: readonly Change[]): { narrowing: Change[]; widening: Change[] } => ({
  narrowing: changes.filter(change => !widens(change)),
  widening: changes.filter(widens),
});
