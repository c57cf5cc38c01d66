import type { Outcome } from '../../domain/outcome.js';
import {
  type Contact,
  EXCEPTING,
  LIST_SETTINGS,
  type ListSetting,
} from '../../domain/settings/contact-list.js';
import type { Setting } from '../../domain/settings/settings-table.js';
import type { Change } from '../../domain/settings/waves.js';
import type { Account } from '../account/account.js';
import { isSameList } from '../judging/list-evidence.js';
import type { CallOptions } from '../ports/orders.js';
import { readContactList } from '../reading/read-contact-list.js';

/** The lists that settings have before they are changed to another value; those that could not be read are missing. */
export type ListsBefore = ReadonlyMap<Setting, readonly Contact[]>;

const isListSetting = (setting: Setting): setting is ListSetting =>
  (LIST_SETTINGS as readonly Setting[]).includes(setting);

/** Reads the lists that a rollback would have to bring back: WhatsApp may drop a list with its value. */
export const listsBefore = (
  account: Account,
  changes: readonly Change[],
  call: CallOptions,
): Promise<ListsBefore> =>
  readLists(
    account,
    changes.filter(({ from }) => from === EXCEPTING).map(({ setting }) => setting),
    call,
  );

/** The settings whose value was set back and whose list is not known to be what it was. */
export async function lostLists(
  account: Account,
  before: ListsBefore,
  setBack: readonly Outcome[],
  call: CallOptions,
): Promise<readonly Setting[]> {
  const excepting = setBack.filter(({ previous }) => previous === EXCEPTING).map(({ setting }) => setting);
  const after = await readLists(account, excepting, call);
  return excepting.filter(setting => {
    const [was, is] = [before.get(setting), after.get(setting)];
    return !was || !is || !isSameList(was, is);
  });
}

async function readLists(
  account: Account,
  settings: readonly Setting[],
  call: CallOptions,
): Promise<ListsBefore> {
  const read = settings.filter(isListSetting).map(async setting => {
    const { contacts } = await readContactList(account, setting, call);
    return [setting, contacts] as const;
  });
  const ended = await Promise.allSettled(read);
  return new Map(ended.flatMap(result => (result.status === 'fulfilled' ? [result.value] : [])));
}
