import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reportedValue } from '../../../src/domain/settings/snapshot.js';
import type { Session } from '../../../src/instances/ports/ports.js';
import type { Effect } from '../../../src/simulator/index.js';
import { startLinked } from '../support/adapter.js';

/** Longer than the test may take: what answers within it was not waited out. */
const LONG_MS = 600_000;

let desk: Awaited<ReturnType<typeof startLinked>>;
let session: Session;
let pushes = 0;
beforeEach(async () => {
  pushes = 0;
  desk = await startLinked({ timeouts: { closeMs: 100 } });
  session = await desk.session(() => pushes++);
});
afterEach(() => desk[Symbol.asyncDispose]());

const inject = (type: 'get' | 'set', effect: Effect, times = 1) =>
  desk.simulator.inject({ match: { on: 'iq', xmlns: 'disappearing_mode', type }, effect, times });
const asked = (type = 'get') => desk.simulator.findStanzas({ xmlns: 'disappearing_mode', type }).length;
const set = (value: string, timeoutMs = LONG_MS) =>
  session.setPrivacy('default_disappearing_timer', value, timeoutMs);

/** The value that a read shows, or what it says in place of it. */
async function shown(): Promise<string> {
  const reply = await session.readPrivacy(LONG_MS);
  if (reply.kind !== 'read') return reply.kind;
  expect(reply.snapshot.values.last_seen).toBe('all');
  const unreadable = reply.snapshot.unreadable.find(({ category }) => category === 'disappearing_mode');
  const value = reportedValue(reply.snapshot, 'default_disappearing_timer');
  return value ?? (unreadable ? `unreadable ${unreadable.code} ${unreadable.text}` : 'not reported');
}

describe('the disappearing timer', () => {
  test('is read beside the first settings of a connection, and then kept', async () => {
    desk.phone.setDisappearingMode(604_800);
    await expect.poll(() => pushes).toBe(1);
    expect(await shown()).toBe('604800');
    expect(await shown()).toBe('604800');
    expect(asked()).toBe(1);
    expect(desk.simulator.findStanzas({ xmlns: 'privacy' })).toHaveLength(2);
  });

  test('is asked for right behind the settings, not after their answer', async () => {
    desk.simulator.inject({ match: { on: 'privacy_get' }, effect: { do: 'silence' } });
    void session.readPrivacy(LONG_MS);
    await expect.poll(() => asked()).toBe(1);
    const kinds = desk.simulator.stanzas.map(({ node }) => node.attrs['xmlns']);
    expect(kinds.indexOf('privacy')).toBeLessThan(kinds.indexOf('disappearing_mode'));
  });

  test('is asked for once by reads at the same time', async () => {
    const reads = await Promise.all([shown(), shown(), shown()]);
    expect(reads).toEqual(['0', '0', '0']);
    expect(asked()).toBe(1);
  });

  test('is asked for anew on the next connection', async () => {
    expect(await shown()).toBe('0');
    await session.close();
    desk.phone.setDisappearingMode(86_400);
    session = await desk.session(() => pushes++);
    expect(await shown()).toBe('86400');
  });

  test.each(['categories', 'bare'] as const)('is asked for anew after a push (%s)', async push => {
    desk.simulator.behaviour.push = push;
    expect(await shown()).toBe('0');
    desk.phone.setDisappearingMode(86_400);
    await expect.poll(() => pushes).toBe(1);
    expect(await shown()).toBe('86400');
    expect(await shown()).toBe('86400');
    expect(asked()).toBe(2);
  });

  test('is asked for anew when it was changed while this device was away', async () => {
    await session.close();
    desk.phone.setDisappearingMode(86_400);
    pushes = 0;
    session = await desk.session(() => pushes++);
    await expect.poll(() => pushes).toBe(2); // The mark and the notification.
    expect(await shown()).toBe('86400');
  });

  test('is not asked for after a push about something else', async () => {
    expect(await shown()).toBe('0');
    desk.phone.setPrivacy('status', 'none');
    await expect.poll(() => pushes).toBe(1);
    expect(await shown()).toBe('0');
    expect(asked()).toBe(1);
  });

  test('that was asked for before a push is not kept', async () => {
    inject('get', { do: 'delay', ms: 100, moment: 'after_apply' });
    const early = shown();
    await expect.poll(() => asked()).toBe(1);
    desk.phone.setDisappearingMode(86_400);
    await expect.poll(() => pushes).toBe(1);
    await early;
    expect(await shown()).toBe('86400');
  });

  test('that was asked for before a change is not kept when its answer tells nothing', async () => {
    inject('set', { do: 'delay', ms: 300, moment: 'before_apply' });
    const changed = set('86400', 100);
    await expect.poll(() => asked('set')).toBe(1);
    expect(await shown()).toBe('0');
    expect(await changed).toMatchObject({ kind: 'no_answer', cause: 'timeout' });
    await expect.poll(() => desk.phone.disappearingMode()).toBe(86_400);
    expect(await shown()).toBe('86400');
  });

  test('is asked for anew where that is wanted', async () => {
    expect(await shown()).toBe('0');
    session.forgetTimer();
    expect(await shown()).toBe('0');
    expect(asked()).toBe(2);
  });
});

test('a change that was accepted is not proved while WhatsApp wants the account to wait', async () => {
  await session.close();
  let mayAsk = false;
  session = await desk.session(undefined, () => mayAsk);
  expect(await set('86400')).toEqual({ kind: 'no_answer', cause: 'unclear' });
  expect(asked()).toBe(0);
  mayAsk = true;
  expect(await set('604800')).toEqual({ kind: 'confirmed' });
});

describe('while pushes may be held back', () => {
  /** A new connection, on which the end of the queue is not reached. */
  async function connectUndrained() {
    await session.close();
    desk.simulator.behaviour.offlineBatch = 'withheld';
    for (let index = 0; index < 6; index++)
      desk.phone.deliver({ tag: 'message', attrs: { id: `m${index}`, from: '15550100002@s.whatsapp.net' } });
    desk.simulator.clearStanzas();
    session = await desk.session(() => pushes++);
  }

  test('it is never from memory', async () => {
    await connectUndrained();
    expect(await shown()).toBe('0');
    desk.phone.setDisappearingMode(86_400);
    expect(await shown()).toBe('86400');
    expect(session.offlineQueue.state).toBe('DELIVERING');
  });

  test('an answer that came too late serves the read that it brings about, and no other', async () => {
    await connectUndrained();
    inject('get', { do: 'delay', ms: 5_000, moment: 'after_apply' });
    expect(await shown()).toBe('unreadable 0 no answer');
    await expect.poll(() => pushes).toBe(1);
    expect(await shown()).toBe('0');
    expect(asked()).toBe(1);
    desk.phone.setDisappearingMode(86_400);
    expect(await shown()).toBe('86400');
  });
});

test('a timer whose change is not pushed is asked for anew when pushes have been trusted long enough', async () => {
  await session.close();
  await using other = await startLinked({ behaviour: { push: 'none' }, pushTrustMs: 1_000 });
  session = await other.session();
  expect(await shown()).toBe('0');
  other.phone.setDisappearingMode(86_400);
  await expect.poll(shown).toBe('86400');
});

describe('a timer that is not told', () => {
  test.each<[string, Effect, string]>([
    ['a refusal', { do: 'refuse', code: 403, text: 'forbidden' }, 'unreadable 403 forbidden'],
    ['that there is none', { do: 'refuse', code: 501 }, 'not reported'],
  ])('because of %s does not fail the read, and is not asked for again', async (_, effect, told) => {
    inject('get', effect);
    expect(await shown()).toBe(told);
    expect(await shown()).toBe(told);
    expect(asked()).toBe(1);
  });

  test.each<[string, Effect, string]>([
    ['a fault', { do: 'refuse', code: 503 }, 'unreadable 503 '],
    ['a rate limit', { do: 'refuse', code: 429, text: 'rate-overlimit' }, 'unreadable 429 rate-overlimit'],
    ['nonsense', { do: 'lie', lie: 'empty' }, 'unreadable 0 an answer without a value'],
  ])('because of %s does not fail the read, and is asked for again', async (_, effect, told) => {
    inject('get', effect);
    expect(await shown()).toBe(told);
    expect(await shown()).toBe('0');
  });

  test('because of silence holds no read up for long', async () => {
    inject('get', { do: 'silence' });
    expect(await shown()).toBe('unreadable 0 no answer');
  });

  test('at once is waited for: without it the settings would have another etag', async () => {
    inject('get', { do: 'delay', ms: 400, moment: 'after_apply' });
    expect(await shown()).toBe('0');
  });

  test('in time for one read is known to the next', async () => {
    inject('get', { do: 'delay', ms: 5_000, moment: 'after_apply' });
    expect(await shown()).toBe('unreadable 0 no answer');
    await expect.poll(shown).toBe('0');
    expect(asked()).toBe(1);
  });
});

describe('changing it', () => {
  test('is confirmed by a read that left after the answer', async () => {
    expect(await shown()).toBe('0');
    desk.simulator.clearStanzas();
    expect(await set('86400')).toEqual({ kind: 'confirmed' });
    expect(desk.phone.disappearingMode()).toBe(86_400);
    expect([asked('set'), asked()]).toEqual([1, 1]);
    expect(await shown()).toBe('86400');
    expect(asked()).toBe(1);
  });

  test('is not confirmed by an answer alone', async () => {
    inject('set', { do: 'lie', lie: 'confirm' });
    expect(await set('86400')).toEqual({ kind: 'no_answer', cause: 'unclear' });
    expect(desk.phone.disappearingMode()).toBe(0);
    inject('get', { do: 'silence' });
    expect(await set('86400', 200)).toEqual({ kind: 'no_answer', cause: 'unclear' });
    expect(desk.phone.disappearingMode()).toBe(86_400);
  });

  test.each([400, 403, 429])('is refused with %d', async code => {
    inject('set', { do: 'refuse', code });
    expect(await set('86400')).toMatchObject({ kind: 'refused', code });
    expect(asked()).toBe(0);
  });

  test('is unknown with a fault, applied or not', async () => {
    inject('set', { do: 'refuse', code: 503, applied: true });
    expect(await set('86400')).toEqual({ kind: 'no_answer', cause: 'fault', code: 503 });
  });

  test('leaves nothing of a read that may have been answered before it', async () => {
    inject('set', { do: 'delay', ms: 100, moment: 'before_apply' });
    const changing = set('86400');
    expect(await shown()).toBe('0');
    expect(await changing).toEqual({ kind: 'confirmed' });
    expect(await shown()).toBe('86400');
  });

  test('leaves as not sent from a connection that has ended', async () => {
    await session.close();
    expect(await set('86400')).toEqual({ kind: 'not_sent' });
  });
});
