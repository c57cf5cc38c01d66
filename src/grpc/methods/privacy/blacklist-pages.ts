import { LRUCache } from 'lru-cache';
import { PrivacyError } from '../../../domain/errors.js';
import { type Contact, type ListSetting, listEtag, shownId } from '../../../domain/settings/contact-list.js';
import type { Instances } from '../../../instances/instances.js';
import type { CallOptions } from '../../../instances/ports/orders.js';
import type { Page } from '../../messages/page-tokens.js';

/** A list as it was read for its first page. */
type KeptList = {
  readonly linkTime: number | undefined;
  readonly etag: string;
  readonly contacts: readonly Contact[];
};

type ListPage = {
  readonly contacts: readonly Contact[];
  readonly etag: string;
  readonly totalSize: number;
  readonly nextPageToken: string;
};

/** How long the pages of a list come from one read. */
const KEEP_MS = 60_000;
/** Contacts that are kept in all. */
const MOST_KEPT = 200_000;

/** Lists in pages, which all come from the read for the first where they are asked for soon. */
export type BlacklistPages = ReturnType<typeof blacklistPages>;

export function blacklistPages(instances: Instances) {
  const kept = new LRUCache<string, KeptList>({
    maxSize: MOST_KEPT,
    sizeCalculation: ({ contacts }) => contacts.length + 1,
    ttl: KEEP_MS,
    ttlAutopurge: true,
  });
  const keyOf = (instance: string, setting: ListSetting) => `${instance}/${setting}`;

  /** In an order that another read of the same list has too. */
  async function readAnew(instance: string, setting: ListSetting, call: CallOptions) {
    const contacts = [...(await instances.readContactList(instance, setting, call))];
    const inOrder = contacts
      .map(contact => ({ contact, id: shownId(contact) }))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ contact }) => contact);
    return { linkTime: linkOf(instance), etag: listEtag(contacts), contacts: inOrder };
  }

  const linkOf = (instance: string) => instances.get(instance).linkTime?.getTime();

  return {
    /** ETAG_MISMATCH when the list is no longer the one that the page before was of. */
    async read(instance: string, setting: ListSetting, page: Page, call: CallOptions): Promise<ListPage> {
      const key = keyOf(instance, setting);
      const { etag, offset } = placeOf(page);
      const known = kept.get(key);
      const isThatList = etag !== undefined && known?.etag === etag && known.linkTime === linkOf(instance);
      const list = isThatList ? known : await readAnew(instance, setting, call);
      if (etag !== undefined && etag !== list.etag)
        throw new PrivacyError({ kind: 'ETAG_MISMATCH', instance, etag, currentEtag: list.etag });
      const totalSize = list.contacts.length;
      const end = offset + page.limit;
      if (end < totalSize && !isThatList) kept.set(key, list);
      return {
        contacts: list.contacts.slice(offset, end),
        etag: list.etag,
        totalSize,
        nextPageToken: page.tokenAfter(end < totalSize ? JSON.stringify([list.etag, end]) : undefined),
      };
    },

    /** To be called when the list may have changed. */
    forget: (instance: string, setting: ListSetting) => void kept.delete(keyOf(instance, setting)),
  };
}

/** Where a page begins, and of which list; of none yet for the first. */
function placeOf({ after }: Page): { etag: string | undefined; offset: number } {
  if (after === undefined) return { etag: undefined, offset: 0 };
  const [etag, offset] = JSON.parse(after) as [string, number];
  return { etag, offset };
}
