import { type Setting, specOf } from './settings-table.js';

/** A change of one setting; `from` is what WhatsApp reported, perhaps a value without a name or nothing. */
export type Change = { readonly setting: Setting; readonly from: string | undefined; readonly to: string };

/** Whether the change opens the setting to a wider audience. What cannot be ordered counts as narrowing. */
export function widens({ setting, from, to }: Change): boolean {
  const audiences = specOf(setting).values;
  return from !== undefined && audiences.includes(from) && audiences.indexOf(to) < audiences.indexOf(from);
}

/** The order in which changes are sent: what narrows first, what widens only after all of that held. */
export const waves = (changes: readonly Change[]): { narrowing: Change[]; widening: Change[] } => ({
  narrowing: changes.filter(change => !widens(change)),
  widening: changes.filter(widens),
});
