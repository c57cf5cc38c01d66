import {
  type BlacklistEntry,
  ContactBlacklistSetting,
  contactBlacklistSettingToJSON,
  GetContactBlacklistRequest,
  type GetContactBlacklistResponse,
  UpdateContactBlacklistRequest,
  UpdateContactBlacklistResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { decodeEntry, decodeListSetting, encodeEntry } from '../../../contract/contact-blacklist.js';
import { LARGEST_BLACKLIST_PAGE, MOST_CONTACTS, USUAL_BLACKLIST_PAGE } from '../../../contract/sizes.js';
import {
  type Contact,
  type ContactId,
  isLid,
  type ListSetting,
  shownId,
} from '../../../domain/settings/contact-list.js';
import type { Instances } from '../../../instances/instances.js';
import type { Call, Caller } from '../../calls/handler.js';
import { digestOf, type Idempotent } from '../../calls/idempotent.js';
import { accept, type Checked, every, KEPT, valid, violation } from '../../messages/checked.js';
import { encodeOutcome } from '../../messages/codec.js';
import type { PageOf } from '../../messages/page-tokens.js';
import * as check from '../../messages/validate.js';
import type { BlacklistPages } from './blacklist-pages.js';

const SIZES = { usual: USUAL_BLACKLIST_PAGE, largest: LARGEST_BLACKLIST_PAGE };

export const decodeGet = (pageOf: PageOf) => (request: GetContactBlacklistRequest, caller: Caller) =>
  accept({
    instance: check.instanceName('instance', request.instance),
    setting: listSetting(request.setting),
    page: pageOf(GetContactBlacklistRequest, request, caller, SIZES),
  });

export function decodeChange(request: UpdateContactBlacklistRequest) {
  const { replace, etag, validateOnly } = request;
  const { instance, setting, add, remove, requestId } = accept({
    instance: check.instanceName('instance', request.instance),
    setting: listSetting(request.setting),
    something: something(request),
    add: entries('entries_to_add', request.entriesToAdd),
    remove: entries('entries_to_remove', request.entriesToRemove),
    once: replace
      ? mustBeEmpty(request.entriesToRemove)
      : disjoint(request.entriesToAdd, request.entriesToRemove),
    requestId: check.unlessEmpty(request.requestId, check.requestId),
  });
  return {
    instance,
    content: () => UpdateContactBlacklistRequest.encode({ ...request, requestId: '' }).finish(),
    order: { setting, add, remove, replace, etag: etag || undefined, validateOnly, requestId },
  };
}

/** Reads a page of a list. */
export const read =
  (pages: BlacklistPages) =>
  async (
    { instance, setting, page }: ReturnType<ReturnType<typeof decodeGet>>,
    { options }: Call,
  ): Promise<GetContactBlacklistResponse> => {
    const { contacts, ...answer } = await pages.read(instance, setting, page, options);
    return { ...answer, entries: encodeContacts(contacts) };
  };

/** Changes a list; a repetition of the request gets the first answer if something was sent then. */
export const change =
  (instances: Instances, answerOnce: Idempotent, pages: BlacklistPages) =>
  async (
    { instance, content, order }: ReturnType<typeof decodeChange>,
    { method, principal: { tokenId, tokenDisplayName }, options }: Call,
  ): Promise<UpdateContactBlacklistResponse> => {
    instances.get(instance); // INSTANCE_NOT_FOUND comes before what the request_id stands for.
    const request = {
      method,
      scope: instance,
      requestId: order.requestId,
      digest: digestOf(method, content),
      subject: { kind: 'account', instance } as const,
      signal: options.signal,
      codec: UpdateContactBlacklistResponse,
    };
    return answerOnce(request, async () => {
      const actor = { tokenId, tokenDisplayName };
      const report = await instances
        .updateContactList(instance, { ...order, actor }, options)
        .finally(() => pages.forget(instance, order.setting));
      const { contacts, etag, outcome, sent } = report;
      return {
        response: {
          entries: encodeContacts((contacts ?? []).slice(0, USUAL_BLACKLIST_PAGE)),
          totalSize: contacts?.length ?? 0,
          etag,
          outcome: encodeOutcome(outcome),
          entriesUnknown: contacts === undefined,
        },
        keep: sent ? 'yes' : 'no',
      };
    });
  };

const encodeContacts = (contacts: readonly Contact[]): BlacklistEntry[] =>
  contacts.map(contact => encodeEntry(shownId(contact)));

function listSetting(number: number): Checked<ListSetting> {
  const setting = decodeListSetting(number);
  if (setting !== undefined) return valid(setting);
  return check.unnamed('setting', ContactBlacklistSetting, contactBlacklistSettingToJSON, number);
}

const something = ({
  entriesToAdd,
  entriesToRemove,
  replace,
}: UpdateContactBlacklistRequest): Checked<undefined> =>
  entriesToAdd.length > 0 || entriesToRemove.length > 0 || replace
    ? KEPT
    : violation('', 'REQUIRED', 'At least one contact must be added or removed, or the list replaced');

function entries(field: string, all: readonly BlacklistEntry[]): Checked<ContactId[]> {
  if (all.length > MOST_CONTACTS)
    return violation(field, 'OUT_OF_RANGE', `${field} must have at most ${MOST_CONTACTS} entries`);
  const places = new Map<string, string>();
  const checked = all.map((entry, index) => {
    const place = `${field}[${index}]`;
    const id = decodeEntry(entry);
    if (!entry.id || id === undefined)
      return violation(place, 'REQUIRED', `${place} must have a phone_number or a lid`);
    const first = places.get(id);
    if (first !== undefined)
      return violation(place, 'DUPLICATE', `${place} names the same contact as ${first}`);
    places.set(id, place);
    return entry.id.$case === 'lid' ? lid(place, id) : check.phoneNumber(place, id);
  });
  return every(checked);
}

const lid = (field: string, text: string): Checked<ContactId> =>
  isLid(text)
    ? valid(text)
    : violation(field, 'INVALID_FORMAT', `${field} must be a LID, for example 123456789012345@lid`);

const mustBeEmpty = (remove: readonly BlacklistEntry[]): Checked<unknown> =>
  remove.length === 0
    ? KEPT
    : violation('entries_to_remove', 'CONFLICTING', 'entries_to_remove must be empty when replace is set');

function disjoint(add: readonly BlacklistEntry[], remove: readonly BlacklistEntry[]): Checked<unknown> {
  const added = new Map(add.map((entry, index) => [decodeEntry(entry), `entries_to_add[${index}]`]));
  const checked = remove.map((entry, index) => {
    const id = decodeEntry(entry);
    const other = id === undefined ? undefined : added.get(id);
    if (other === undefined) return KEPT;
    const place = `entries_to_remove[${index}]`;
    return violation(place, 'CONFLICTING', `${place} names the same contact as ${other}`);
  });
  return every(checked);
}
