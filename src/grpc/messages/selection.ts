import type { Principal } from '../../access/tokens.js';
import type { Selector } from '../../domain/labels/selector.js';
import type { Selection } from '../../instances/ports/orders.js';

/** The instances that a request is about: those that it names, or else all that its token covers; of them the selected. */
export const selectionOf = (
  { instance, selector: covered = [] }: Principal,
  selected: Selector,
  named: readonly string[] = [],
): Selection => ({
  names: named.length > 0 || instance === undefined ? named : [instance],
  // To meet both is to meet the requirements of both.
  selector: [...covered, ...selected],
});
