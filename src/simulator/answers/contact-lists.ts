import { wallMs } from '../../domain/time/wall-time.js';
import {
  attr,
  type BinaryNode,
  child,
  children,
  errorNode,
  node,
  refusal,
  result,
  userOf,
} from '../wire/stanza.js';
import type { Behaviour } from '../world/behaviour.js';
import type { Person } from '../world/directory.js';
import type { Account, ContactList, World } from '../world/world.js';
import { applySettings } from './apply-settings.js';
import type { DeviceIq, IqPlan } from './iq-plan.js';
import { hasList } from './privacy-categories.js';

/*
 * The contacts that a category excepts while its value is contact_blacklist (WA Web's WAWebSetPrivacyJob and
 * WAWebQueryPrivacyDisallowedList…Job). In the LID form <privacy addressing_mode="lid">, in the PN form <privacy>
 * and of the user only jid="{phone number}@s.whatsapp.net":
 *
 * get:   <iq type="get" xmlns="privacy"><privacy><list name="last" value="contact_blacklist" [dhash]/></privacy></iq>
 *        <iq type="result"><privacy><list dhash="{stamp}"><user jid="{lid}@lid" pn_jid="{pn}"/>…</list></privacy></iq>,
 *        without <list> when the stamp sent is the current one, or the category has another value (zapo)
 * set:   <category name="last" value="contact_blacklist" dhash="{stamp}|none"><user action="add|remove" jid pn_jid/>…
 *        <category name="last" value="contact_blacklist" dhash="{new stamp}"/>
 * stale: 409, as an error stanza or within the category
 */

/** The most that WhatsApp Web's picker lets through. */
const LONGEST = 64_000;
const EXCEPTING = 'contact_blacklist';

/** Whether a category of a set brings a list, rather than the value alone. */
export const bringsList = (category: BinaryNode): boolean =>
  attr(category, 'dhash') !== undefined || children(category).length > 0;

/** Answers a question for the list of one category. */
export function listReadPlan({ world, account, iq }: DeviceIq): IqPlan {
  const privacy = child(iq, 'privacy');
  const [asked, ...more] = children(privacy);
  const { name = '', value, dhash } = asked?.attrs ?? {};
  if (asked?.tag !== 'list' || more.length > 0 || value !== EXCEPTING || !hasList(name))
    return { reply: () => refusal(iq, 501) };
  if (!isInForm(account, privacy)) return { reply: () => refusal(iq, 400) };
  return {
    reply() {
      const form = attr(privacy, 'addressing_mode');
      const list = account.lists.get(name);
      const isTold = list && account.settings.get(name) === EXCEPTING && dhash !== list.stamp;
      return result(iq, [privacyNode(world, form, isTold ? list : undefined)]);
    },
  };
}

function privacyNode(
  { behaviour: { listReply }, people }: World,
  asked: string | undefined,
  list: ContactList | undefined,
): BinaryNode {
  const form = listReply === 'pn' ? undefined : asked;
  if (!list) return node('privacy', { addressing_mode: form });
  const users = [...list.members].flatMap(number => {
    const person = people.byPhoneNumber(number);
    return person ? [userNode(person, form, listReply)] : [];
  });
  const dhash = listReply === 'without_stamp' ? undefined : listReply === 'stamp_none' ? 'none' : list.stamp;
  const told = listReply === 'twice' ? [...users, ...users] : users;
  return node('privacy', { addressing_mode: form }, [node('list', { dhash }, told)]);
}

function userNode(
  { phoneNumber, lid }: Person,
  form: string | undefined,
  listReply: Behaviour['listReply'],
): BinaryNode {
  const pn = `${phoneNumber}@s.whatsapp.net`;
  if (form !== 'lid') return node('user', { jid: pn });
  const jid = lid === undefined || listReply === 'without_lid' ? undefined : `${lid}@lid`;
  return node('user', { jid, pn_jid: listReply === 'without_pn' && jid ? undefined : pn });
}

/** Answers a change of the list of one category, which sets the category's value too. */
export function listWritePlan(
  { world, account, device, iq }: DeviceIq,
  refusedAnyway: number | undefined,
): IqPlan {
  const privacy = child(iq, 'privacy');
  const category = child(privacy, 'category');
  const { name = '' } = category?.attrs ?? {};
  const within = (code: number) =>
    result(iq, [node('privacy', {}, [node('category', { name, value: 'error' }, [errorNode(code)])])]);

  const verdict = judge(world, account, privacy, category, refusedAnyway);
  if ('code' in verdict) {
    const { code, inCategory } = verdict;
    return { reply: () => (inCategory ? within(code) : refusal(iq, code)) };
  }
  const { members } = verdict;
  return {
    apply: () => storeList(world, account, name, members, device.id),
    reply() {
      const dhash = account.lists.get(name)?.stamp;
      return result(iq, [node('privacy', {}, [node('category', { name, value: EXCEPTING, dhash })])]);
    },
  };
}

type Verdict = { readonly code: number; readonly inCategory: boolean } | { readonly members: Set<string> };

function judge(
  { behaviour, people }: World,
  account: Account,
  privacy: BinaryNode | undefined,
  category: BinaryNode | undefined,
  refusedAnyway: number | undefined,
): Verdict {
  const { name = '', value, dhash = 'none' } = category?.attrs ?? {};
  const refuse = (code: number, how: string = 'refuse') => ({ code, inCategory: how === 'refuse_category' });
  if (!isInForm(account, privacy) || value !== EXCEPTING || !hasList(name)) return refuse(400);
  if (refusedAnyway !== undefined) return refuse(refusedAnyway, behaviour.lockedSet);

  const list = account.lists.get(name);
  // Off contact_blacklist a client can learn no stamp (zapo).
  const current = account.settings.get(name) === EXCEPTING ? (list?.stamp ?? 'none') : 'none';
  if (dhash !== current) return refuse(409, behaviour.staleList);

  const members = new Set(list?.members);
  for (const user of children(category)) {
    const { action, jid = '', pn_jid } = user.attrs;
    const isLid = attr(privacy, 'addressing_mode') === 'lid';
    const person = isLid ? people.byLid(userOf(jid)) : people.byPhoneNumber(userOf(jid));
    const isWhole = !isLid || action !== 'add' || pn_jid !== undefined; // WA Web never leaves it out.
    if (user.tag !== 'user' || (action !== 'add' && action !== 'remove') || !isWhole) return refuse(400);
    if (!person || (pn_jid !== undefined && userOf(pn_jid) !== person.phoneNumber)) {
      if (behaviour.unknownContact === 'ignore') continue;
      return refuse(400, behaviour.unknownContact);
    }
    if (action === 'add') members.add(person.phoneNumber);
    else members.delete(person.phoneNumber);
  }
  return members.size > LONGEST ? refuse(419) : { members };
}

/** A plain set of contact_blacklist excepts nobody. */
export function emptyLists(
  account: Account,
  changes: readonly { readonly category: string; readonly value: string }[],
): void {
  for (const { category, value } of changes)
    if (value === EXCEPTING && hasList(category))
      account.lists.set(category, { stamp: newStamp(account, category), members: new Set() });
}

/** The stamp in the reply to a plain set, if it tells one. */
export const plainStamp = (
  { behaviour }: World,
  { lists }: Account,
  { name = '', value }: BinaryNode['attrs'],
): string | undefined =>
  behaviour.plainListStamp === 'told' && value === EXCEPTING ? lists.get(name)?.stamp : undefined;

/** A time in milliseconds, as whatsapp-rust and zapo see it; no two changes have the same. */
const newStamp = ({ lists }: Account, category: string): string =>
  String(Math.max(wallMs(), Number(lists.get(category)?.stamp ?? 0) + 1));

/** Stores a list and the value that goes with it, from a device or from the phone (0), and tells the other devices. */
function storeList(
  world: World,
  account: Account,
  category: string,
  members: Set<string>,
  device: number,
): void {
  account.lists.set(category, { stamp: newStamp(account, category), members });
  applySettings(world, account, [{ category, value: EXCEPTING }], device);
}

/** The phone chooses "My contacts except…" for a category, with exactly these phone numbers, all on WhatsApp. */
export function exceptContacts(
  world: World,
  account: Account,
  category: string,
  phoneNumbers: readonly string[],
): void {
  const members = phoneNumbers.map(number => world.people.add({ phoneNumber: number }).phoneNumber);
  storeList(world, account, category, new Set(members), 0);
}

/** A migrated account takes only lists in the LID form (zapo, whatsapp-rust), another only those in the PN form. */
const isInForm = ({ addressing }: Account, privacy: BinaryNode | undefined): boolean =>
  addressing === 'either' || (attr(privacy, 'addressing_mode') ?? 'pn') === addressing;
