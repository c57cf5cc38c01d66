import {
  apply,
  type Contact,
  type ContactList,
  delta,
  EXCEPTING,
  type ListDelta,
} from '../../domain/settings/contact-list.js';
import { reportedValue, type Snapshot } from '../../domain/settings/snapshot.js';
import type { Change } from '../../domain/settings/waves.js';
import type { ListOrder } from '../ports/orders.js';
import { type Evidence, SHOWS_NOTHING, SHOWS_REQUESTED } from './evidence.js';

/** A list with the settings beside it, and whom on it the order means. */
export type ListView = {
  readonly settings: Snapshot;
  readonly list: ContactList;
  /** The contacts to add and to remove. */
  readonly wish: ListDelta;
};

/** The list that an order wants, given the one there is. */
export const wished = (
  contacts: readonly Contact[],
  { replace }: Pick<ListOrder, 'replace'>,
  wish: ListDelta,
): readonly Contact[] => (replace ? wish.add : apply(wish, contacts));

/** Whether nothing takes one list to the other. */
export function isSameList(one: readonly Contact[], other: readonly Contact[]): boolean {
  const { add, remove } = delta(one, other);
  return add.length === 0 && remove.length === 0;
}

/** What a view, as far as it was brought, tells of the change of a list: its setting and who is on it. */
export const listEvidence =
  (order: Pick<ListOrder, 'replace'>, before: ListView) =>
  ({ settings, list, wish }: Partial<ListView>, { setting, from }: Change): Evidence => {
    const value = settings && reportedValue(settings, setting);
    const isListed = list && wish && isSameList(list.contacts, wished(list.contacts, order, wish));
    if (isListed && value === EXCEPTING) return SHOWS_REQUESTED;
    const isDenied = isListed === false || (value !== undefined && value !== EXCEPTING);
    if (!isDenied) return SHOWS_NOTHING;
    const stands = value === from && list !== undefined && isSameList(list.contacts, before.list.contacts);
    return stands
      ? { shows: 'previous', inWords: 'the list as it was' }
      : { shows: 'another', inWords: 'another list' };
  };
