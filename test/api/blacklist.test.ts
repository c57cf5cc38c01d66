import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ErrorReason, SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  type BlacklistEntry,
  ContactBlacklistSetting as List,
  Origin,
  PrivacyServiceService as Privacy,
  type UpdateContactBlacklistRequest,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility, PrivacySetting } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Behaviour, Effect, Phone } from '../../src/simulator/index.js';
import { type CallOptions, failureOf } from '../support/call.js';
import { type Service, startService } from '../support/service.js';

const [ANNA, BEN, CARL, DORA] = ['+15550100101', '+15550100102', '+15550100103', '+15550100104'];
const STRANGER = '+15550100199';

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;

beforeAll(async () => {
  service = await startService();
  for (const [index, phoneNumber] of [ANNA, BEN, CARL, DORA].entries())
    service.simulator.addPerson({ phoneNumber, lid: `7${index}` });
  desk = await service.linked();
});
afterAll(() => service[Symbol.asyncDispose]());
/** Anna and Ben are excepted from last seen, nobody from anything else. */
beforeEach(() => prepare());

async function prepare() {
  service.simulator.clearFaults();
  Object.assign(service.simulator.behaviour, HONEST, { listAway: 'cleared' });
  for (const category of ['status', 'profile', 'groupadd', 'last']) desk.phone.setPrivacy(category, 'all');
  desk.phone.setPrivacy('defense', 'off');
  desk.phone.setAddressing('lid');
  Object.assign(service.simulator.behaviour, HONEST);
  desk.phone.exceptContacts('last', [ANNA, BEN]);
  await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
  service.simulator.clearStanzas();
}

const HONEST: Partial<Behaviour> = {
  staleList: 'refuse_category',
  unknownContact: 'refuse_category',
  listAway: 'kept',
  listReply: 'honest',
};

const entry = (text: string): BlacklistEntry => ({
  id: { $case: text.endsWith('@lid') ? 'lid' : 'phoneNumber', value: text },
});
const texts = (entries: readonly BlacklistEntry[]) => entries.map(({ id }) => id?.value).sort();
const read = (setting = List.LAST_SEEN) =>
  service.client.call(Privacy.getContactBlacklist, { instance: desk.instance, setting });
const change = (
  {
    add = [],
    remove = [],
    ...more
  }: { add?: string[]; remove?: string[] } & Partial<Omit<UpdateContactBlacklistRequest, 'add' | 'remove'>>,
  options: CallOptions = {},
) =>
  service.client.call(
    Privacy.updateContactBlacklist,
    {
      instance: desk.instance,
      setting: List.LAST_SEEN,
      entriesToAdd: add.map(entry),
      entriesToRemove: remove.map(entry),
      ...more,
    },
    options,
  );
/** Who is on the phone's list. */
const onPhone = (phone: Phone = desk.phone, category = 'last') =>
  phone
    .contactList(category)
    .contacts.map(({ phoneNumber }) => `+${phoneNumber}`)
    .sort();
const lidOf = (phoneNumber: string) => `7${[ANNA, BEN, CARL, DORA].indexOf(phoneNumber)}@lid`;
/** The users of each change that was sent: `+7…` for one added, `-…` for one removed. */
const sentUsers = () =>
  service.simulator.findStanzas({ xmlns: 'privacy', type: 'set' }).map(({ node }) => {
    type Node = { tag: string; attrs: Record<string, string>; content?: Node[] };
    const users = (node as Node).content?.[0]?.content?.[0]?.content ?? [];
    return users.map(({ attrs }) => `${attrs['action'] === 'add' ? '+' : '-'}${attrs['jid']}`);
  });
const listReads = () =>
  service.simulator.findStanzas({ xmlns: 'privacy', type: 'get', category: 'last' }).length;
const lookups = () => service.simulator.findStanzas({ xmlns: 'usync' }).length;

describe('a contact blacklist', () => {
  test('is read with one IQ, as phone numbers', async () => {
    const { entries, etag } = await read();
    expect(texts(entries)).toEqual([ANNA, BEN]);
    expect(etag).not.toBe('');
    expect(listReads()).toBe(1);
  });

  test('is empty for a setting that never had one', async () => {
    expect((await read(List.STATUS)).entries).toEqual([]);
  });

  test('is changed by exactly what differs, with one IQ, and answers with the list read back', async () => {
    const { entries, etag, outcome } = await change({ add: [BEN, CARL, DORA], remove: [ANNA, STRANGER] });
    expect(texts(entries)).toEqual([BEN, CARL, DORA]);
    expect(onPhone()).toEqual([BEN, CARL, DORA]);
    expect(outcome).toMatchObject({
      setting: PrivacySetting.LAST_SEEN,
      state: State.APPLIED,
      previousValue: 'contact_blacklist',
      requestedValue: 'contact_blacklist',
    });
    expect(sentUsers()).toEqual([[`-${lidOf(ANNA)}`, `+${lidOf(CARL)}`, `+${lidOf(DORA)}`]]);
    expect((await read()).etag).toBe(etag);
  });

  test('takes contacts by LID, once WhatsApp has told their phone numbers', async () => {
    await change({ add: [CARL] });
    await change({ remove: [lidOf(CARL)] });
    expect(onPhone()).toEqual([ANNA, BEN]);
    await change({ add: [lidOf(CARL)] });
    expect(onPhone()).toEqual([ANNA, BEN, CARL]);
  });

  test('becomes exactly what replaces it', async () => {
    await change({ add: [BEN, DORA], replace: true });
    expect(onPhone()).toEqual([BEN, DORA]);
    await change({ replace: true });
    expect(onPhone()).toEqual([]);
    expect(desk.phone.settings()['last']).toBe('contact_blacklist');
  });

  test('that is as wanted already is left alone', async () => {
    const { entries, outcome } = await change({ add: [ANNA, lidOf(BEN)], remove: [CARL] });
    expect(outcome?.state).toBe(State.UNCHANGED);
    expect(texts(entries)).toEqual([ANNA, BEN]);
    expect(sentUsers()).toEqual([]);
    expect(lookups()).toBe(0);
  });

  test('asks WhatsApp once about numbers that it does not know', async () => {
    const [one, two] = ['+15550100121', '+15550100122'];
    for (const phoneNumber of [one, two]) service.simulator.addPerson({ phoneNumber });
    await change({ add: [one, two] });
    await change({ remove: [one, two] });
    await change({ add: [two] });
    expect(lookups()).toBe(1);
  });

  test('is not tried where WhatsApp refuses to tell whose its numbers are', async () => {
    const own = await service.linked(); // Which remembers nobody.
    service.simulator.behaviour.listReply = 'without_lid';
    own.phone.exceptContacts('last', [ANNA, BEN]);
    service.simulator.inject({ match: { on: 'iq', xmlns: 'usync' }, effect: { do: 'refuse', code: 400 } });
    const failure = await failureOf(change({ instance: own.instance, remove: [ANNA] }));
    expect(failure).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'WHATSAPP_REJECTED' });
    expect(failure.message).toContain('refused to tell whose the numbers are (400');
    expect(onPhone(own.phone)).toEqual([ANNA, BEN]);
    const { changes } = await service.client.call(Privacy.listPrivacyChanges, { instance: own.instance });
    const tried = changes.filter(({ setting }) => setting === PrivacySetting.LAST_SEEN);
    expect(tried.filter(({ origin }) => origin === Origin.THIS_SERVICE)).toEqual([]);
  });

  test('takes its setting with it, whatever that was before', async () => {
    service.simulator.behaviour.listAway = 'cleared';
    desk.phone.setPrivacy('last', 'none');
    const { outcome } = await change({ add: [CARL] });
    expect(outcome).toMatchObject({ state: State.APPLIED, previousValue: 'none' });
    expect(desk.phone.settings()['last']).toBe('contact_blacklist');
    expect(onPhone()).toEqual([CARL]);
  });

  test('sets its setting alone when it is already as wanted', async () => {
    service.simulator.behaviour.listAway = 'cleared';
    desk.phone.setPrivacy('last', 'none');
    expect((await change({ replace: true })).outcome?.state).toBe(State.APPLIED);
    expect(desk.phone.settings()['last']).toBe('contact_blacklist');
    expect(sentUsers()).toEqual([[]]);
  });

  test('shows no contacts while its setting has another value', async () => {
    desk.phone.setPrivacy('last', 'all');
    expect((await read()).entries).toEqual([]);
  });

  test('is as wanted also when WhatsApp had kept contacts that it did not show', async () => {
    desk.phone.setPrivacy('last', 'all');
    await change({ add: [CARL], replace: true });
    expect(onPhone()).toEqual([CARL]);
    expect(sentUsers()).toEqual([[`+${lidOf(CARL)}`], [`-${lidOf(ANNA)}`, `-${lidOf(BEN)}`]]);
  });

  test('is one setting in the history', async () => {
    await change({ add: [CARL] });
    const { changes } = await service.client.call(Privacy.listPrivacyChanges, { instance: desk.instance });
    expect(changes[0]).toMatchObject({
      setting: PrivacySetting.LAST_SEEN,
      oldValue: 'contact_blacklist',
      newValue: 'contact_blacklist',
      outcome: State.APPLIED,
      origin: Origin.THIS_SERVICE,
    });
  });

  test.each([
    [List.STATUS, 'status'],
    [List.PROFILE, 'profile'],
    [List.GROUP_ADD, 'groupadd'],
  ])('number %i belongs to the category %s', async (setting, category) => {
    await change({ setting, add: [CARL] });
    expect(onPhone(desk.phone, category)).toEqual([CARL]);
    expect(desk.phone.settings()[category]).toBe('contact_blacklist');
    expect(onPhone()).toEqual([ANNA, BEN]);
  });

  test('stands when an update sets its setting to CONTACT_BLACKLIST', async () => {
    desk.phone.setPrivacy('last', 'none');
    await service.client.call(Privacy.updatePrivacySettings, {
      instance: desk.instance,
      visibility: { lastSeen: LastSeenVisibility.CONTACT_BLACKLIST },
    });
    expect(texts((await read()).entries)).toEqual([ANNA, BEN]);
  });
});

describe('a change with validate_only', () => {
  test('shows the list as it would be, and sends nothing', async () => {
    const { etag: current } = await read();
    const { entries, etag, outcome } = await change({ add: [CARL], remove: [BEN], validateOnly: true });
    expect(texts(entries)).toEqual([ANNA, CARL]);
    expect(etag).toBe(current);
    expect(outcome?.state).toBe(State.WOULD_CHANGE);
    expect(onPhone()).toEqual([ANNA, BEN]);
    expect(sentUsers()).toEqual([]);
  });

  test('names contacts that nobody knows', async () => {
    expect(await failureOf(change({ add: [STRANGER], validateOnly: true }))).toMatchObject({
      reason: 'CONTACT_UNKNOWN',
    });
  });
});

describe('a change with an etag', () => {
  test('goes through while the list is the same', async () => {
    const { etag } = await read();
    expect((await change({ add: [CARL], etag })).outcome?.state).toBe(State.APPLIED);
  });

  test('is refused when the phone changed the list', async () => {
    const { etag } = await read();
    desk.phone.exceptContacts('last', [ANNA, DORA]);
    const failure = await failureOf(change({ add: [CARL], etag }));
    expect(failure).toMatchObject({ code: status.ABORTED, reason: 'ETAG_MISMATCH' });
    expect(failure.details['google.rpc.ErrorInfo']?.metadata).toEqual({
      instance: desk.instance,
      etag,
      current_etag: (await read()).etag,
    });
    expect(failure.update).toBeUndefined();
    expect(sentUsers()).toEqual([]);
  });

  test('is refused also when the phone changes the list at the last moment', async () => {
    const { etag } = await read();
    phoneExcepts([ANNA, BEN, DORA]);
    const failure = await failureOf(change({ add: [CARL], etag }));
    expect(failure.reason).toBe('ETAG_MISMATCH');
    expect(onPhone()).toEqual([ANNA, BEN, DORA]);
    expect(sentUsers()).toHaveLength(1);
  });
});

/** The phone excepts others, right after the service has read the list or has had its answer to a change. */
const phoneExcepts = (numbers: string[], on: 'list_get' | 'privacy_set' = 'list_get', times = 1) =>
  service.simulator.inject({
    match: { on, category: 'last', phoneNumber: desk.phone.phoneNumber },
    effect: { do: 'phone', contacts: { last: numbers }, moment: 'after_reply' },
    times,
  });

describe('a contact that nobody knows', () => {
  test('is named with every other one, and nothing is sent', async () => {
    const failure = await failureOf(change({ add: [CARL, STRANGER, DORA, '+15550100198', '99@lid'] }));
    expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'CONTACT_UNKNOWN' });
    expect(failure.message).toBe('entries_to_add[1] is not on WhatsApp');
    expect(failure.details['google.rpc.ErrorInfo']?.metadata).toEqual({
      instance: desk.instance,
      setting: 'LAST_SEEN',
      field: 'entries_to_add[1]',
    });
    expect(failure.details['google.rpc.BadRequest']?.fieldViolations).toMatchObject([
      { field: 'entries_to_add[1]', reason: 'CONTACT_UNKNOWN' },
      { field: 'entries_to_add[3]', reason: 'CONTACT_UNKNOWN' },
      { field: 'entries_to_add[4]', reason: 'CONTACT_UNKNOWN' },
    ]);
    expect(sentUsers()).toEqual([]);
  });

  test('fails the change when WhatsApp passes over them alone', async () => {
    service.simulator.behaviour.unknownContact = 'ignore';
    const phoneNumber = '+15550100131';
    service.simulator.addPerson({ phoneNumber, lid: '9001' });
    await change({ add: [phoneNumber] });
    await change({ remove: [phoneNumber] });
    // The LID that the service remembers is nobody's any more.
    service.simulator.addPerson({ phoneNumber, lid: '9002' });
    const failure = await failureOf(change({ add: [phoneNumber] }));
    expect(failure).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'WHATSAPP_REJECTED' });
    expect(failure.message).toContain('reports the list as it was');
    expect(await failureOf(change({ add: [phoneNumber, CARL] }))).toMatchObject({ reason: 'PARTIAL_UPDATE' });
  });

  test('by LID is who a list has named', async () => {
    desk.phone.exceptContacts('status', ['+15550100141']);
    const { contacts } = desk.phone.contactList('status');
    await read(List.STATUS);
    await change({ add: [`${contacts[0]?.lid}@lid`] });
    expect(onPhone()).toContain('+15550100141');
    expect(lookups()).toBe(0);
  });

  test('is not on WhatsApp by LID yet: the change goes by phone number, which a migrated account refuses', async () => {
    const phoneNumber = '+15550100151';
    service.simulator.addPerson({ phoneNumber, lid: null });
    const failure = await failureOf(change({ add: [phoneNumber] }));
    expect(failure).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'WHATSAPP_REJECTED' });
    desk.phone.setAddressing('either');
    await change({ add: [phoneNumber] });
    expect(onPhone()).toContain(phoneNumber);
  });
});

test('someone to be added and removed under two names is refused', async () => {
  await read();
  const failure = await failureOf(change({ add: [ANNA], remove: [lidOf(ANNA)] }));
  expect(failure.reason).toBe('INVALID_REQUEST');
  expect(failure.details['google.rpc.BadRequest']?.fieldViolations).toMatchObject([
    { field: 'entries_to_remove[0]', reason: 'CONFLICTING' },
  ]);
});

describe('an account whose lists are by phone number', () => {
  beforeEach(() => desk.phone.setAddressing('pn'));

  test('has them read and changed all the same', async () => {
    expect(texts((await read()).entries)).toEqual([ANNA, BEN]);
    await change({ add: [CARL], remove: [ANNA] });
    expect(onPhone()).toEqual([BEN, CARL]);
    expect(sentUsers()).toEqual([['-15550100101@s.whatsapp.net', '+15550100103@s.whatsapp.net']]);
  });

  test('costs one question more, once', async () => {
    desk.phone.setAddressing('lid');
    await read();
    service.simulator.clearStanzas();
    desk.phone.setAddressing('pn');
    await read();
    expect(listReads()).toBe(2);
    await read();
    expect(listReads()).toBe(3);
  });

  test('names contacts that nobody knows', async () => {
    expect((await failureOf(change({ add: [CARL, STRANGER] }))).message).toBe(
      'entries_to_add[1] is not on WhatsApp',
    );
  });

  test('is found to be migrated when it was', async () => {
    await read();
    desk.phone.setAddressing('lid');
    await change({ add: [CARL] });
    expect(onPhone()).toEqual([ANNA, BEN, CARL]);
  });
});

describe('a list that WhatsApp tells otherwise', () => {
  test.each(['without_lid', 'without_pn', 'twice'] as const)('%s has the same contacts', async listReply => {
    service.simulator.behaviour.listReply = listReply;
    expect((await read()).entries).toHaveLength(2);
    await change({ add: [CARL], remove: [ANNA] });
    expect(onPhone()).toEqual([BEN, CARL]);
  });

  test('by phone numbers where LIDs were asked for is no answer', async () => {
    service.simulator.behaviour.listReply = 'pn';
    expect(await failureOf(read())).toMatchObject({ code: status.UNAVAILABLE, reason: 'WHATSAPP_UNCLEAR' });
    expect(await failureOf(change({ add: [CARL] }))).toMatchObject({ reason: 'WHATSAPP_UNCLEAR' });
    expect(sentUsers()).toEqual([]);
  });

  test.each(['without_stamp', 'stamp_none'] as const)('%s cannot be changed', async listReply => {
    service.simulator.behaviour.listReply = listReply;
    expect((await failureOf(change({ add: [CARL] }))).reason).toBe('BLACKLIST_CONFLICT');
    expect(onPhone()).toEqual([ANNA, BEN]);
  });
});

describe.each(['refuse_category', 'refuse'] as const)('a list that changed in between (409 by %s)', shape => {
  beforeEach(() => {
    service.simulator.behaviour.staleList = shape;
  });

  test('is read and changed again, and what the phone did stays', async () => {
    phoneExcepts([ANNA, DORA]);
    const { entries, outcome } = await change({ add: [CARL], remove: [ANNA] });
    expect(outcome?.state).toBe(State.APPLIED);
    expect(texts(entries)).toEqual([CARL, DORA]);
    expect(onPhone()).toEqual([CARL, DORA]);
    expect(sentUsers()).toHaveLength(2);
    expect(listReads()).toBe(3);
  });

  test('is what replaces it', async () => {
    phoneExcepts([ANNA, DORA]);
    await change({ add: [CARL], replace: true });
    expect(onPhone()).toEqual([CARL]);
  });

  test('again and again is given up', async () => {
    phoneExcepts([ANNA, DORA], 'list_get', Number.POSITIVE_INFINITY);
    const failure = await failureOf(change({ add: [CARL] }));
    expect(failure).toMatchObject({ code: status.ABORTED, reason: 'BLACKLIST_CONFLICT' });
    expect(failure.details['google.rpc.ErrorInfo']?.metadata).toEqual({
      instance: desk.instance,
      setting: 'LAST_SEEN',
      whatsapp_code: '409',
    });
    expect(failure.update).toBeUndefined();
    expect(failure.metadata.get('grpc-retry-pushback-ms')).toEqual(['-1']);
    expect(sentUsers()).toHaveLength(2);
    expect(onPhone()).toEqual([ANNA, DORA]);
  });
});

describe('a list that the phone changes after us', () => {
  test('in another place is as wanted', async () => {
    phoneExcepts([ANNA, CARL, DORA], 'privacy_set');
    const { entries } = await change({ add: [CARL] });
    expect(texts(entries)).toEqual([ANNA, CARL, DORA]);
  });

  test('in the same place is not called done', async () => {
    phoneExcepts([ANNA, DORA], 'privacy_set');
    const failure = await failureOf(change({ add: [CARL] }));
    expect(failure).toMatchObject({ code: status.ABORTED, reason: 'PARTIAL_UPDATE' });
    expect(failure.update?.outcomes).toMatchObject([
      { setting: PrivacySetting.LAST_SEEN, state: State.UNKNOWN },
    ]);
  });
});

describe('a change whose answer does not come', () => {
  const PATIENCE_MS = 2_500;
  const fault = (effect: Effect) =>
    service.simulator.inject({ match: { on: 'privacy_set', category: 'last' }, effect });

  /** After the first read there is no other. On a new account: the service goes on reading one with an open question. */
  async function blind(
    kinds: readonly ('privacy_get' | 'list_get')[],
    effect: Effect = { do: 'refuse', code: 503 },
  ) {
    desk = await service.linked();
    await prepare();
    for (const on of kinds) service.simulator.inject({ match: { on }, effect, after: 1, times: Infinity });
  }

  test('is applied when the list read back shows it', async () => {
    fault({ do: 'silence', moment: 'after_apply' });
    const { outcome } = await change({ add: [CARL] }, { deadlineMs: PATIENCE_MS });
    expect(outcome?.state).toBe(State.APPLIED);
    expect(sentUsers()).toHaveLength(1);
  });

  test('is unknown when the list is as before: it may come yet', async () => {
    fault({ do: 'silence', moment: 'before_apply' });
    const failure = await failureOf(change({ add: [CARL] }, { deadlineMs: PATIENCE_MS }));
    expect(failure).toMatchObject({ code: status.ABORTED, reason: 'PARTIAL_UPDATE' });
    expect(failure.update?.outcomes).toMatchObject([
      { state: State.UNKNOWN, message: expect.stringContaining('may still take effect') },
    ]);
    expect(onPhone()).toEqual([ANNA, BEN]);
  });

  test('is unknown when the list cannot be read back either', async () => {
    fault({ do: 'silence', moment: 'after_apply' });
    service.simulator.inject({
      match: { on: 'list_get' },
      effect: { do: 'silence' },
      after: 1,
      times: Number.POSITIVE_INFINITY,
    });
    const failure = await failureOf(change({ add: [CARL] }, { deadlineMs: PATIENCE_MS }));
    expect(failure).toMatchObject({ code: status.ABORTED, reason: 'PARTIAL_UPDATE' });
    expect(failure.update?.instance).toBe(desk.instance);
    expect(failure.update?.outcomes).toMatchObject([
      { state: State.UNKNOWN, reason: ErrorReason.WHATSAPP_TIMEOUT, requestedValue: 'contact_blacklist' },
    ]);
    expect(failure.message).toContain('failed to update lastSeen privacy: ');
  });

  test('is not called done when half of what was read back denies it', async () => {
    await blind(['privacy_get']);
    fault({ do: 'lie', lie: 'confirm' });
    const failure = await failureOf(change({ add: [CARL] }));
    expect(failure).toMatchObject({ code: status.ABORTED, reason: 'PARTIAL_UPDATE' });
    expect(onPhone()).toEqual([ANNA, BEN]);
  });

  test.each<[what: string, Effect, ErrorReason]>([
    ['a fault of WhatsApp', { do: 'refuse', code: 503 }, ErrorReason.WHATSAPP_UNCLEAR],
    ['a refusal', { do: 'refuse', code: 403 }, ErrorReason.WHATSAPP_REJECTED],
    ['silence', { do: 'silence' }, ErrorReason.WHATSAPP_TIMEOUT],
    ['the end of the connection', { do: 'close' }, ErrorReason.CONNECTION_LOST],
  ])(
    'is unknown, although confirmed, and says why, when each read back meets %s',
    async (_, effect, reason) => {
      await blind(['privacy_get', 'list_get'], effect);
      const failure = await failureOf(change({ add: [CARL] }, { deadlineMs: PATIENCE_MS }));
      expect(failure).toMatchObject({ code: status.ABORTED, reason: 'PARTIAL_UPDATE' });
      expect(failure.update?.outcomes).toMatchObject([{ state: State.UNKNOWN, reason }]);
    },
  );

  test('to the read before it leaves nothing sent when the time is over', async () => {
    service.simulator.inject({ match: { on: 'list_get' }, effect: { do: 'silence' } });
    const failure = await failureOf(change({ add: [CARL] }, { deadlineMs: 1_000 }));
    expect(failure).toMatchObject({ code: status.DEADLINE_EXCEEDED, reason: 'DEADLINE_TOO_SHORT' });
    expect(sentUsers()).toEqual([]);
  });

  test.each([
    ['the connection ends before the change', { do: 'close', moment: 'before_apply' }, 'CONNECTION_LOST'],
    ['the connection ends after it', { do: 'close', moment: 'after_apply' }, undefined],
    [
      'WhatsApp reports a fault of its own and made it',
      { do: 'refuse', code: 500, applied: true },
      undefined,
    ],
    ['WhatsApp reports a fault of its own and did not', { do: 'refuse', code: 503 }, 'WHATSAPP_UNCLEAR'],
    ['the answer holds nothing', { do: 'lie', lie: 'no_privacy' }, undefined],
    ['the answer confirms what was not done', { do: 'lie', lie: 'confirm' }, 'WHATSAPP_REJECTED'],
  ] as const)('because %s has its true outcome', async (_, effect, reason) => {
    fault(effect);
    const running = change({ add: [CARL] }, { deadlineMs: 10_000 });
    if (reason === undefined) expect((await running).outcome?.state).toBe(State.APPLIED);
    else expect((await failureOf(running)).reason).toBe(reason);
    expect(onPhone().includes(CARL)).toBe(reason === undefined);
  });
});

describe('a change that WhatsApp refuses', () => {
  test('fails with its code', async () => {
    service.simulator.inject({
      match: { on: 'privacy_set', category: 'last' },
      effect: { do: 'refuse_category', code: 403, text: 'forbidden' },
    });
    const failure = await failureOf(change({ add: [CARL] }));
    expect(failure).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'WHATSAPP_REJECTED' });
    expect(failure.message).toBe(
      'failed to update lastSeen privacy: WhatsApp refused the change (403 forbidden)',
    );
    expect(failure.details['google.rpc.PreconditionFailure']?.violations).toMatchObject([
      { type: 'WHATSAPP_REJECTED', subject: 'visibility.last_seen' },
    ]);
  });

  test.each([
    ['a change', 'privacy_set'],
    ['a read', 'list_get'],
  ] as const)('with its rate limit at %s holds the account back', async (_, on) => {
    desk = await service.linked({ lists: { last: [ANNA, BEN] } });
    service.simulator.inject({ match: { on }, effect: { do: 'refuse', code: 429, text: 'rate-overlimit' } });
    const failure = await failureOf(change({ add: [CARL] }));
    expect(failure).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'WHATSAPP_RATE_LIMITED' });
    expect((await failureOf(read())).reason).toBe('WHATSAPP_RATE_LIMITED');
    desk = await service.linked();
  });
});

describe('a setting that must not be set', () => {
  test('because the account does not report it is refused', async () => {
    desk.phone.removeCategory('groupadd');
    await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
    const failure = await failureOf(change({ setting: List.GROUP_ADD, add: [CARL] }));
    expect(failure).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'SETTING_NOT_AVAILABLE' });
    expect(failure.details['google.rpc.PreconditionFailure']?.violations).toMatchObject([
      { subject: 'permissions.group_add' },
    ]);
    expect(failure.update).toBeUndefined();
  });

  test('because Strict Account Settings lock it is refused, but not when nothing would change', async () => {
    desk.phone.setPrivacy('defense', 'on_standard');
    await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
    const failure = await failureOf(change({ add: [CARL] }));
    expect(failure).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'SETTING_LOCKED' });
    expect((await change({ add: [ANNA] })).outcome?.state).toBe(State.UNCHANGED);
    expect(sentUsers()).toEqual([]);
  });
});

describe('a change with a request_id', () => {
  test('is made once', async () => {
    const requestId = randomUUID();
    const first = await change({ add: [CARL], requestId });
    expect(await change({ add: [CARL], requestId })).toEqual(first);
    expect(sentUsers()).toHaveLength(1);
    expect((await failureOf(change({ add: [DORA], requestId }))).reason).toBe('REQUEST_ID_REUSED');
  });

  test('that conflicted is not tried again', async () => {
    const requestId = randomUUID();
    phoneExcepts([ANNA, DORA], 'list_get', Number.POSITIVE_INFINITY);
    const first = await failureOf(change({ add: [CARL], requestId }));
    service.simulator.clearFaults();
    expect(await failureOf(change({ add: [CARL], requestId }))).toMatchObject({
      reason: 'BLACKLIST_CONFLICT',
      message: first.message,
    });
    expect(sentUsers()).toHaveLength(2);
  });
});

test('changes of one list at once are made one after another', async () => {
  await Promise.all([change({ add: [CARL] }), change({ add: [DORA] }), change({ remove: [ANNA, BEN] })]);
  expect(onPhone()).toEqual([CARL, DORA]);
  expect(sentUsers()).toHaveLength(3);
});

test('a caller that leaves does not take the change along', async () => {
  const leaving = new AbortController();
  service.simulator.inject({
    match: { on: 'privacy_set', category: 'last' },
    effect: { do: 'silence', moment: 'after_apply' },
  });
  const requestId = randomUUID();
  const running = failureOf(
    change({ add: [CARL], requestId }, { signal: leaving.signal, deadlineMs: 3_000 }),
  );
  await expect.poll(() => sentUsers().length).toBe(1);
  leaving.abort();
  expect((await running).code).toBe(status.CANCELLED);
  const outcomeOf = async () => {
    const { changes } = await service.client.call(Privacy.listPrivacyChanges, { instance: desk.instance });
    return changes.find(one => one.requestId === requestId)?.outcome;
  };
  await expect.poll(outcomeOf).toBe(State.APPLIED);
});

test('a change that the budget of requests may not see to its end is not begun', async () => {
  await using poor = await startService({ env: { WA_PRIVACY_READS_PER_HOUR: '60' } });
  const { instance } = await poor.linked();
  const setting = List.LAST_SEEN;
  const ask = () => poor.client.call(Privacy.getContactBlacklist, { instance, setting });
  await Promise.all(Array.from({ length: 50 }, ask));
  poor.simulator.clearStanzas();
  const failure = await failureOf(
    poor.client.call(Privacy.updateContactBlacklist, { instance, setting, replace: true }),
  );
  expect(failure).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'RATE_LIMITED' });
  expect(poor.simulator.findStanzas({ xmlns: 'privacy', category: 'last' })).toEqual([]);
});
