import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ListReply, Session } from '../../../src/instances/ports/ports.js';
import { startLinked } from '../support/adapter.js';

/** Longer than the test may take: what answers within it was not waited out. */
const LONG_MS = 600_000;
const ANNA = '+15550100101';
const BEN = '+15550100102';

type Desk = Awaited<ReturnType<typeof startLinked>>;

let desk: Desk;
let session: Session;
/** How many numbers each look-up was about. */
let lookedUp: number[];
const onLookUp = (numbers: number) => void lookedUp.push(numbers);
beforeEach(async () => {
  lookedUp = [];
  desk = await startLinked({ timeouts: { closeMs: 100 } });
  desk.simulator.addPerson({ phoneNumber: ANNA, lid: '101' });
  desk.simulator.addPerson({ phoneNumber: BEN, lid: '102' });
  desk.phone.exceptContacts('last', [ANNA]);
  session = await desk.session();
  desk.simulator.clearStanzas();
});
afterEach(() => desk[Symbol.asyncDispose]());

const read = () => session.readContactList('last_seen', LONG_MS);
const listOf = (reply: ListReply) => {
  if (reply.kind !== 'read') throw new Error(reply.kind);
  return reply.list;
};
const ben = { lid: '102@lid', phoneNumber: BEN };
const onPhone = () => desk.phone.contactList('last').contacts.map(({ phoneNumber }) => `+${phoneNumber}`);
const sent = (query: { type: string; xmlns: string }) => desk.simulator.findStanzas(query).length;

describe('a list', () => {
  test('is read and changed with one stanza each', async () => {
    const list = listOf(await read());
    expect(list.contacts).toEqual([{ lid: '101@lid', phoneNumber: ANNA }]);
    const delta = { add: [ben], remove: list.contacts };
    const reply = await session.changeContactList('last_seen', delta, list.stamp, LONG_MS, onLookUp);
    expect(reply).toEqual({ kind: 'confirmed' });
    expect(onPhone()).toEqual([BEN]);
    expect(lookedUp).toEqual([]);
    expect(sent({ xmlns: 'privacy', type: 'get' })).toBe(1);
    expect(sent({ xmlns: 'privacy', type: 'set' })).toBe(1);
  });

  test('is refused with a stale stamp, whatever shape that has', async () => {
    for (const shape of ['refuse', 'refuse_category'] as const) {
      desk.simulator.behaviour.staleList = shape;
      const reply = await session.changeContactList(
        'last_seen',
        { add: [ben], remove: [] },
        '1',
        LONG_MS,
        onLookUp,
      );
      expect(reply).toMatchObject({ kind: 'refused', code: 409 });
    }
    expect(onPhone()).toEqual([ANNA]);
  });

  test('of an account by phone number is found to be so by a change, too', async () => {
    desk.phone.setAddressing('pn');
    const { stamp } = desk.phone.contactList('last');
    const change = () =>
      session.changeContactList('last_seen', { add: [ben], remove: [] }, stamp, LONG_MS, onLookUp);
    expect(await change()).toEqual({ kind: 'confirmed' });
    expect(onPhone()).toEqual([ANNA, BEN]);
  });

  test('that is refused in both forms is refused', async () => {
    const fault = { match: { on: 'list_get' }, effect: { do: 'refuse', code: 400 }, times: 2 } as const;
    desk.simulator.inject(fault);
    expect(await read()).toMatchObject({ kind: 'refused', code: 400 });
    expect(await read()).toMatchObject({ kind: 'read' });
  });

  test('that comes without LIDs has them found before it is changed', async () => {
    desk.simulator.behaviour.listReply = 'without_lid';
    const { contacts, stamp } = listOf(await read());
    expect(contacts).toEqual([{ phoneNumber: ANNA }]);
    const delta = { add: [], remove: contacts };
    expect(await session.changeContactList('last_seen', delta, stamp, LONG_MS, onLookUp)).toEqual({
      kind: 'confirmed',
    });
    expect(lookedUp).toEqual([1]);
    expect(onPhone()).toEqual([]);
  });

  test('whose LIDs cannot be found is not changed', async () => {
    desk.simulator.behaviour.listReply = 'without_lid';
    const { contacts, stamp } = listOf(await read());
    const match = { on: 'iq', xmlns: 'usync' } as const;
    desk.simulator.inject({ match, effect: { do: 'refuse', code: 429 } });
    desk.simulator.inject({ match, effect: { do: 'silence' } });
    const change = (ms: number) =>
      session.changeContactList('last_seen', { add: [], remove: contacts }, stamp, ms, onLookUp);
    expect(await change(LONG_MS)).toMatchObject({ kind: 'not_sent', refusal: { code: 429 } });
    expect(await change(100)).toEqual({ kind: 'not_sent' });
    expect(sent({ xmlns: 'privacy', type: 'set' })).toBe(0);
  });

  test('ends with its connection', async () => {
    desk.phone.dropConnections('close');
    await session.ended;
    expect(await read()).toEqual({ kind: 'no_answer', cause: 'closed' });
    expect(await session.findContacts([BEN], LONG_MS, onLookUp)).toEqual({
      kind: 'no_answer',
      cause: 'closed',
    });
    const reply = await session.changeContactList(
      'last_seen',
      { add: [ben], remove: [] },
      '1',
      LONG_MS,
      onLookUp,
    );
    expect(reply).toEqual({ kind: 'not_sent' });
  });
});

describe('contacts', () => {
  const find = async (...ids: string[]) => {
    const reply = await session.findContacts(ids, LONG_MS, onLookUp);
    return reply.kind === 'found' ? Object.fromEntries(reply.contacts) : reply;
  };

  test('are found by number, and remembered with their LID', async () => {
    expect(session.lookUpsFor([BEN, '+15550100199', '102@lid'])).toBe(2);
    expect(await find(BEN, '+15550100199')).toEqual({ [BEN]: ben });
    expect(session.lookUpsFor([BEN, '102@lid'])).toBe(0);
    expect(await find(BEN, '102@lid')).toEqual({ [BEN]: ben, '102@lid': ben });
    expect(sent({ xmlns: 'usync', type: 'get' })).toBe(1);
    expect(await find(BEN, ANNA)).toMatchObject({ [BEN]: ben, [ANNA]: {} });
    expect(lookedUp).toEqual([2, 1]);
  });

  test('are found by LID once a list has named them', async () => {
    expect(await find('101@lid')).toEqual({});
    await read();
    expect(await find('101@lid')).toEqual({ '101@lid': { lid: '101@lid', phoneNumber: ANNA } });
    expect(sent({ xmlns: 'usync', type: 'get' })).toBe(0);
  });
});
