import type { BinaryNode } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SETTING_NAMES, SETTINGS, specOf } from '../../../src/domain/settings/settings-table.js';
import type { Session } from '../../../src/instances/ports/ports.js';
import type { Effect, FaultMatch, Lie } from '../../../src/simulator/index.js';
import { settableCategory } from '../../../src/whatsapp/privacy/privacy-protocol.js';
import { startLinked } from '../support/adapter.js';

/** Longer than the test may take: what answers within it was not waited out. */
const LONG_MS = 600_000;
const CLOSED = { kind: 'no_answer', cause: 'closed' };
const UNCLEAR = { kind: 'no_answer', cause: 'unclear' };

type Moment = 'before_apply' | 'after_apply' | 'after_reply';
type Desk = Awaited<ReturnType<typeof startLinked>>;

let desk: Desk;
let session: Session;
let pushes = 0;
beforeEach(async () => {
  pushes = 0;
  desk = await startLinked({ timeouts: { closeMs: 100 } });
  session = await desk.session(() => pushes++);
});
afterEach(() => desk[Symbol.asyncDispose]());

const inject = (match: FaultMatch, effect: Effect, times = 1) =>
  desk.simulator.inject({ match, effect, times });
const onSet = { on: 'privacy_set' } as const;
const hide = (timeoutMs = LONG_MS) => session.setPrivacy('last_seen', 'none', timeoutMs);
const settings = () => desk.phone.settings();

describe('reading', () => {
  test('gives what the server holds, with one stanza', async () => {
    desk.phone.setPrivacy('last', 'contact_blacklist');
    desk.phone.setPrivacy('pix', 'contacts');
    desk.simulator.clearStanzas();
    const before = Date.now();
    const reply = await session.readPrivacy(LONG_MS);
    expect(reply).toMatchObject({
      kind: 'read',
      snapshot: { values: { last_seen: 'contact_blacklist', online: 'all' }, others: [{ category: 'pix' }] },
    });
    expect(reply.kind === 'read' && reply.snapshot.observedAt.getTime()).toBeGreaterThanOrEqual(before);
    expect(desk.simulator.findStanzas({ xmlns: 'privacy' })).toHaveLength(1);
  });

  test('is not disturbed by what comes with the answer', async () => {
    inject({ on: 'privacy_get' }, { do: 'two_in_one' });
    expect(await session.readPrivacy(LONG_MS)).toMatchObject({ kind: 'read' });
    const pong = () => desk.simulator.findStanzas({ tag: 'iq', type: 'result' });
    await expect.poll(pong).toHaveLength(1);
  });

  test('tells a refusal, a fault, silence and nonsense apart', async () => {
    const onGet = { on: 'privacy_get' } as const;
    inject(onGet, { do: 'refuse', code: 429 });
    inject(onGet, { do: 'refuse', code: 503 });
    inject(onGet, { do: 'refuse' });
    inject(onGet, { do: 'lie', lie: 'empty' });
    expect(await session.readPrivacy(LONG_MS)).toMatchObject({ kind: 'refused', code: 429 });
    expect(await session.readPrivacy(LONG_MS)).toEqual({ kind: 'no_answer', cause: 'fault', code: 503 });
    expect(await session.readPrivacy(LONG_MS)).toEqual(UNCLEAR);
    expect(await session.readPrivacy(LONG_MS)).toEqual(UNCLEAR);
    inject(onGet, { do: 'silence' });
    expect(await session.readPrivacy(50)).toEqual({ kind: 'no_answer', cause: 'timeout' });
    inject(onGet, { do: 'refuse_category', category: 'status', code: 500 });
    expect(await session.readPrivacy(LONG_MS)).toMatchObject({
      kind: 'read',
      snapshot: { unreadable: [{ category: 'status', code: 500 }], values: { last_seen: 'all' } },
    });
  });
});

describe('changing', () => {
  test('is confirmed for every setting and value of the table that can be set', async () => {
    for (const setting of SETTING_NAMES) {
      const { access, category, values } = specOf(setting);
      for (const value of values) {
        const reply = await session.setPrivacy(setting, value, LONG_MS);
        expect(reply).toEqual({ kind: access === 'read_only' ? 'not_sent' : 'confirmed' });
        const held = { ...settings(), disappearing_mode: String(desk.phone.disappearingMode()) };
        if (access !== 'read_only') expect(held).toMatchObject({ [category]: value });
      }
    }
    const named = desk.simulator.sets(desk.phone.phoneNumber).map(set => set.category);
    expect(new Set(named)).toEqual(
      new Set(
        'last status profile online readreceipts disappearing_mode calladd groupadd messages'.split(' '),
      ),
    );
  });

  test.each([400, 401, 403, 406, 409, 429])('is refused with %d in either place', async code => {
    inject(onSet, { do: 'refuse', code });
    inject(onSet, { do: 'refuse_category', code });
    expect(await hide()).toMatchObject({ kind: 'refused', code });
    expect(await hide()).toMatchObject({ kind: 'refused', code });
    expect(settings()['last']).toBe('all');
  });

  test.each([500, 503, 530])('is unknown with %d in either place, applied or not', async code => {
    inject(onSet, { do: 'refuse', code, applied: true });
    inject(onSet, { do: 'refuse_category', code });
    const fault = { kind: 'no_answer', cause: 'fault', code };
    expect(await hide()).toEqual(fault);
    expect(await hide()).toEqual(fault);
  });

  test.each<Lie>([
    'wrong_name',
    'other_value',
    'unknown_value',
    'two_categories',
    'empty',
    'no_privacy',
    'text',
  ])('is unclear when the answer is %s', async lie => {
    inject(onSet, { do: 'lie', lie, applied: true });
    expect(await hide()).toEqual(UNCLEAR);
    expect(await hide()).toEqual({ kind: 'confirmed' });
  });

  test('is unclear when the answer is an error without a word', async () => {
    inject(onSet, { do: 'refuse' });
    expect(await hide()).toEqual(UNCLEAR);
  });

  test.each<Moment>(['before_apply', 'after_apply'])('times out when no answer comes: %s', async moment => {
    inject(onSet, { do: 'silence', moment });
    expect(await hide(50)).toEqual({ kind: 'no_answer', cause: 'timeout' });
    expect(desk.simulator.findStanzas({ category: 'last' })).toHaveLength(1);
    expect(settings()['last']).toBe(moment === 'after_apply' ? 'none' : 'all');
  });

  test('never takes a late answer for the answer to another question', async () => {
    inject(onSet, { do: 'delay', ms: 150, moment: 'after_apply' });
    inject({ on: 'privacy_set' }, { do: 'silence' });
    expect(await hide(20)).toEqual({ kind: 'no_answer', cause: 'timeout' });
    // The same change again, not answered itself while the answer to the first comes in.
    expect(await hide(400)).toEqual({ kind: 'no_answer', cause: 'timeout' });
  });

  test('matches answers to questions however they are delayed and lost', async () => {
    const values = ['all', 'contacts', 'contact_blacklist'] as const;
    const names = ['last_seen', 'status', 'profile', 'group_add'] as const;
    for (let index = 0; index < 200; index++) {
      const ms = (index * 7) % 40;
      inject(
        { on: 'privacy_set' },
        index % 9 === 0 ? { do: 'silence' } : { do: 'delay', ms, moment: 'after_apply' },
      );
    }
    let index = 0;
    const worker = async () => {
      while (index < 200) {
        const [setting, value] = [names[index % 4] ?? 'status', values[index++ % 3] ?? 'all'];
        const reply = await session.setPrivacy(setting, value, 25);
        expect(['confirmed', 'no_answer']).toContain(reply.kind);
        if (reply.kind === 'no_answer') expect(reply.cause).toBe('timeout');
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    // An answer to another question would have another category or value, and so be unclear.
    expect(await session.readPrivacy(LONG_MS)).toMatchObject({ kind: 'read' });
  });

  test('pipelines: eight changes are under way before the first is answered', async () => {
    desk.simulator.behaviour.latencyMs = 200;
    const settable = SETTING_NAMES.filter(setting => settableCategory(setting));
    const replies = settable.map(setting =>
      session.setPrivacy(setting, SETTINGS[setting].values[1], LONG_MS),
    );
    await expect.poll(() => desk.simulator.findStanzas({ xmlns: 'privacy', type: 'set' })).toHaveLength(8);
    expect(await Promise.all(replies)).toEqual(settable.map(() => ({ kind: 'confirmed' })));
  });
});

describe('when the connection ends', () => {
  const ends: [string, Effect, number | undefined][] = [
    ['stream error 401', { do: 'stream_error', code: 401, conflict: 'device_removed' }, 401],
    ['stream error 503', { do: 'stream_error', code: 503 }, 503],
    ['stream error 515', { do: 'stream_error', code: 515 }, 515],
    ['a replacing login', { do: 'stream_error', conflict: 'replaced' }, 440],
    ['a close', { do: 'close' }, 428],
    ['an undecryptable frame', { do: 'undecryptable' }, undefined],
  ];
  const moments: Moment[] = ['before_apply', 'after_apply', 'after_reply'];

  test.each(ends.flatMap(end => moments.map(moment => [...end, moment] as const)))(
    'by %s the pending change is answered and the reason known',
    async (_, effect, code, moment) => {
      inject(onSet, { ...effect, moment } as Effect);
      const pending = [hide(), session.setPrivacy('status', 'none', LONG_MS), session.readPrivacy(LONG_MS)];
      const [first, ...others] = await Promise.all(pending);
      // Just before the end the reply may still come; then it is the true one.
      if (moment === 'after_reply') expect([CLOSED, { kind: 'confirmed' }]).toContainEqual(first);
      else expect(first).toEqual(CLOSED);
      expect(others.every(({ kind }) => kind !== 'not_sent')).toBe(true);
      expect(await session.ended).toMatchObject({ code });
    },
  );

  test('by a reset every pending question is answered', async () => {
    inject(onSet, { do: 'reset', moment: 'after_apply' });
    expect(await hide()).toEqual(CLOSED);
    expect([408, 428]).toContain((await session.ended).code);
  });

  test('later questions are not sent', async () => {
    desk.phone.streamError(503);
    await session.ended;
    desk.simulator.clearStanzas();
    expect(await hide()).toEqual({ kind: 'not_sent' });
    expect(await session.readPrivacy(LONG_MS)).toEqual(CLOSED);
    expect(await session.logout(LONG_MS)).toEqual(CLOSED);
    expect(desk.simulator.stanzas).toEqual([]);
  });

  test('by our own close the pending change is answered too', async () => {
    inject(onSet, { do: 'silence' });
    const pending = hide();
    await expect.poll(() => desk.simulator.findStanzas({ category: 'last' })).toHaveLength(1);
    await session.close();
    expect(await pending).toEqual(CLOSED);
    expect(await session.ended).toEqual({ code: undefined, text: 'Closed by this service' });
    await session.close();
    await expect.poll(() => desk.simulator.connections()).toBe(0);
  });

  test('a peer that does not take part in closing is cut off', async () => {
    desk.phone.dropConnections('half_open');
    await session.close();
    expect(await session.ended).toMatchObject({ code: undefined });
  });
});

describe('a server that has gone silent', () => {
  test('is noticed by the ping, and the pending change answered', async () => {
    await session.close();
    await using other = await startLinked({ timeouts: { keepAliveMs: 2_000, closeMs: 50 } });
    const watched = await other.session();
    other.phone.dropConnections('half_open');
    expect(await watched.setPrivacy('last_seen', 'none', LONG_MS)).toEqual(CLOSED);
    expect(await watched.ended).toEqual({ code: 408, text: 'WhatsApp stopped answering' });
  });

  test('is not given up while it answers pings', async () => {
    await using other = await startLinked({ timeouts: { keepAliveMs: 3_000 } });
    const watched = await other.session();
    await vi.waitFor(() => expect(other.simulator.findStanzas({ xmlns: 'w:p' }).length).toBeGreaterThan(1), {
      timeout: 40_000,
    });
    expect(await watched.setPrivacy('last_seen', 'none', LONG_MS)).toEqual({ kind: 'confirmed' });
  });
});

describe('changes made elsewhere', () => {
  const acks = () => desk.simulator.findStanzas({ tag: 'ack', type: 'account_sync' });

  test.each(['categories', 'bare'] as const)('are told live (%s), and acknowledged once', async push => {
    desk.simulator.behaviour.push = push;
    for (let change = 0; change < 50; change++) desk.phone.setPrivacy('last', change % 2 ? 'all' : 'none');
    await expect.poll(acks).toHaveLength(50);
    expect(pushes).toBe(50);
    await session.readPrivacy(LONG_MS);
    const ids = acks().map(({ node }) => node.attrs['id']);
    expect(new Set(ids).size).toBe(50);
    expect(acks()).toHaveLength(50);
  });

  test('are acknowledged once each, ten thousand of them', async () => {
    const COUNT = 10_000;
    for (let push = 0; push < COUNT; push++) desk.phone.notify({ tag: 'privacy', attrs: {} });
    await vi.waitFor(() => expect(pushes).toBe(COUNT), { timeout: 200_000, interval: 200 });
    await vi.waitFor(() => expect(acks().length).toBeGreaterThanOrEqual(COUNT), { timeout: 60_000 });
    // An answer behind them all: nothing is under way any more.
    await session.readPrivacy(LONG_MS);
    const ids = acks().map(({ node }) => node.attrs['id']);
    expect(ids).toHaveLength(COUNT);
    expect(new Set(ids).size).toBe(COUNT);
  });

  test('while offline are told at the next login, acknowledged once, and marked clean after a read', async () => {
    await session.close();
    desk.phone.setPrivacy('last', 'none');
    desk.phone.setPrivacy('status', 'none');
    pushes = 0;
    desk.simulator.clearStanzas();
    const again = await desk.session(() => pushes++);
    await expect.poll(acks).toHaveLength(2);
    expect(pushes).toBe(3); // The mark and two notifications.
    const cleans = () => desk.simulator.findStanzas({ xmlns: 'urn:xmpp:whatsapp:dirty' });
    expect(cleans()).toEqual([]);
    await again.readPrivacy(LONG_MS);
    await again.readPrivacy(LONG_MS);
    expect(cleans()).toHaveLength(1);
    expect(acks()).toHaveLength(2);
  });

  test('that are none of the settings are acknowledged and no more', async () => {
    const odd: BinaryNode[] = [
      { tag: 'picture', attrs: {} },
      { tag: 'blocklist', attrs: {}, content: [{ tag: 'item', attrs: {} }] },
      { tag: 'devices', attrs: {} },
      { tag: 'something_new', attrs: {}, content: Buffer.from('x') },
    ];
    for (const child of odd) desk.phone.notify(child);
    await expect.poll(acks).toHaveLength(odd.length);
    expect(pushes).toBe(0);
    expect(await session.readPrivacy(LONG_MS)).toMatchObject({ kind: 'read' });
  });
});

describe('logging out', () => {
  test('removes the device and ends the session', async () => {
    expect(await session.logout(LONG_MS)).toEqual({ kind: 'confirmed' });
    expect(desk.phone.devices()).toEqual([]);
    await session.ended;
    await expect.poll(() => desk.simulator.connections()).toBe(0);
  });

  test.each<[string, Effect, object]>([
    ['refuses', { do: 'refuse', code: 500 }, { cause: 'unclear', code: 500 }],
    ['says nothing', { do: 'silence' }, { cause: 'timeout' }],
    ['hangs up', { do: 'close' }, { cause: 'closed' }],
  ])('is not taken for done when WhatsApp %s', async (_, effect, ended) => {
    inject({ on: 'iq', xmlns: 'md' }, effect);
    expect(await session.logout(effect.do === 'silence' ? 100 : LONG_MS)).toEqual({
      kind: 'no_answer',
      ...ended,
    });
    await session.ended;
  });

  test('is done when WhatsApp cuts the device off in place of an answer', async () => {
    inject({ on: 'iq', xmlns: 'md' }, { do: 'stream_error', code: 401, conflict: 'device_removed' });
    expect(await session.logout(LONG_MS)).toEqual({ kind: 'confirmed' });
  });
});

describe('at all times', () => {
  test('no presence, receipt or message leaves', async () => {
    desk.simulator.behaviour.edgeRouting = true;
    for (let round = 0; round < 3; round++) {
      await session.close();
      session = await desk.session();
      await session.readPrivacy(LONG_MS);
      await hide();
      desk.phone.setPrivacy('status', 'none');
      await session.readPrivacy(LONG_MS);
    }
    const tags = new Set(desk.simulator.stanzas.map(({ node }) => node.tag));
    expect(tags).toEqual(new Set(['iq', 'ack']));
    expect(desk.refused).toEqual([]);
  });
});
