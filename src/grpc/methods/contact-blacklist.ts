import {
  type BlacklistEntry,
  ContactBlacklistSetting,
  type GetContactBlacklistRequest,
  type GetContactBlacklistResponse,
  UpdateContactBlacklistRequest,
  UpdateContactBlacklistResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { decodeEntry, decodeListSetting, encodeEntry } from '../../contract/contact-blacklist.js';
import type { Violation } from '../../domain/errors.js';
import {
  type Contact,
  isLid,
  type ListSetting,
  listEtag,
  shownId,
} from '../../domain/settings/contact-list.js';
import type { Instances } from '../../instances/instances.js';
import type { Call } from '../calls/handler.js';
import { digestOf, type Idempotent } from '../calls/idempotent.js';
import { encodeOutcome } from '../messages/codec.js';
import * as check from '../messages/validate.js';

const MOST_ENTRIES = 1000;

export function decodeGet({ instance, setting }: GetContactBlacklistRequest) {
  check.refuse(check.instanceName('instance', instance), listSetting(setting));
  return { instance, setting: decodeListSetting(setting) as ListSetting };
}

export function decodeChange(request: UpdateContactBlacklistRequest) {
  const { instance, setting, add, remove, replace, etag, validateOnly, requestId } = request;
  check.refuse(
    check.instanceName('instance', instance),
    listSetting(setting),
    something(request),
    entries('add', add),
    entries('remove', remove),
    replace ? mustBeEmpty(remove) : disjoint(add, remove),
    check.unlessEmpty(requestId, check.requestId),
  );
  return {
    instance,
    content: () => UpdateContactBlacklistRequest.encode({ ...request, requestId: '' }).finish(),
    order: {
      setting: decodeListSetting(setting) as ListSetting,
      add: add.flatMap(entry => decodeEntry(entry) ?? []),
      remove: remove.flatMap(entry => decodeEntry(entry) ?? []),
      replace,
      etag: etag || undefined,
      validateOnly,
      requestId,
    },
  };
}

/** Reads a list. */
export const read =
  (instances: Instances) =>
  async (
    { instance, setting }: ReturnType<typeof decodeGet>,
    { options }: Call,
  ): Promise<GetContactBlacklistResponse> => {
    const contacts = await instances.readContactList(instance, setting, options);
    return { entries: encodeContacts(contacts), etag: listEtag(contacts) };
  };

/** Changes a list; a repetition of the request gets the first answer if something was sent then. */
export const change =
  (instances: Instances, answerOnce: Idempotent) =>
  async (
    { instance, content, order }: ReturnType<typeof decodeChange>,
    { method, principal: { tokenId, tokenLabel }, options }: Call,
  ): Promise<UpdateContactBlacklistResponse> => {
    instances.get(instance); // INSTANCE_NOT_FOUND comes before what the request_id stands for.
    const { requestId } = order;
    const digest = digestOf(method, content);
    const codec = UpdateContactBlacklistResponse;
    return answerOnce({ method, scope: instance, requestId, digest, codec }, async () => {
      const actor = { tokenId, tokenLabel };
      const report = await instances.updateContactList(instance, { ...order, actor }, options);
      const { contacts, etag, outcome, sent } = report;
      return {
        response: {
          entries: encodeContacts(contacts ?? []),
          etag,
          outcome: encodeOutcome(outcome),
          entriesUnknown: contacts === undefined,
        },
        keep: sent,
      };
    });
  };

const encodeContacts = (contacts: readonly Contact[]): BlacklistEntry[] =>
  contacts.map(contact => encodeEntry(shownId(contact)));

const listSetting = (number: number): Violation[] =>
  check.requiredEnum('setting', ContactBlacklistSetting, number);

const something = ({ add, remove, replace }: UpdateContactBlacklistRequest): Violation[] =>
  add.length > 0 || remove.length > 0 || replace
    ? []
    : check.violation('', 'REQUIRED', 'At least one contact must be added or removed, or the list replaced');

function entries(field: string, all: readonly BlacklistEntry[]): Violation[] {
  if (all.length > MOST_ENTRIES)
    return check.violation(field, 'OUT_OF_RANGE', `${field} must have at most ${MOST_ENTRIES} entries`);
  const places = new Map<string, string>();
  return all.flatMap((entry, index) => {
    const place = `${field}[${index}]`;
    const id = decodeEntry(entry);
    if (!entry.id || id === undefined)
      return check.violation(place, 'REQUIRED', `${place} must have a phone_number or a lid`);
    const first = places.get(id);
    if (first !== undefined)
      return check.violation(place, 'DUPLICATE', `${place} names the same contact as ${first}`);
    places.set(id, place);
    return entry.id.$case === 'lid' ? lid(place, id) : check.phoneNumber(place, id);
  });
}

const lid = (field: string, text: string): Violation[] =>
  isLid(text)
    ? []
    : check.violation(field, 'INVALID_FORMAT', `${field} must be a LID, for example 123456789012345@lid`);

const mustBeEmpty = (remove: readonly BlacklistEntry[]): Violation[] =>
  remove.length === 0
    ? []
    : check.violation('remove', 'CONFLICTING', 'remove must be empty when replace is set');

function disjoint(add: readonly BlacklistEntry[], remove: readonly BlacklistEntry[]): Violation[] {
  const added = new Map(add.map((entry, index) => [decodeEntry(entry), `add[${index}]`]));
  return remove.flatMap((entry, index) => {
    const id = decodeEntry(entry);
    const other = id === undefined ? undefined : added.get(id);
    if (other === undefined) return [];
    const place = `remove[${index}]`;
    return check.violation(place, 'CONFLICTING', `${place} names the same contact as ${other}`);
  });
}
