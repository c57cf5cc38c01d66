import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Session } from '../../../src/instances/ports/ports.js';
import { DESK, never, startLinked } from '../support/adapter.js';

/** Longer than the test may take. */
const LONG_MS = 600_000;
const WAVE = ['last_seen', 'profile', 'status', 'read_receipts', 'online'] as const;

let desk: Awaited<ReturnType<typeof startLinked>>;
/** How many more stanzas this node has the right to send. */
let left: number;
beforeEach(async () => {
  left = Infinity;
  desk = await startLinked({ timeouts: { closeMs: 100 } });
});
afterEach(() => desk[Symbol.asyncDispose]());

const connect = () =>
  desk.connect(DESK, { signal: never(), onPrivacyPush: () => undefined, mayAct: () => left-- > 0 });
async function connected(): Promise<Session> {
  const result = await connect();
  if (result.kind === 'failed') throw new Error(result.disconnect.text);
  // What WhatsApp is told after each login has left.
  await result.session.readPrivacy(LONG_MS);
  desk.simulator.clearStanzas();
  return result.session;
}
const seen = () => desk.simulator.findStanzas({}).map(({ node }) => node.tag);

test('of a wave no change leaves after the right to act has ended, and each is told truly', async () => {
  const session = await connected();
  left = 2;
  const sent = WAVE.map(setting =>
    session.setPrivacy(setting, setting === 'online' ? 'match_last_seen' : 'none', LONG_MS),
  );
  const { text } = await session.ended;
  expect(text).toBe('Another node may have the instance by now');
  const kinds = (await Promise.all(sent)).map(({ kind }) => kind);
  expect(kinds.slice(2)).toEqual(['not_sent', 'not_sent', 'not_sent']);
  for (const kind of kinds.slice(0, 2)) expect(['confirmed', 'no_answer']).toContain(kind);
  expect(seen().filter(tag => tag === 'iq').length).toBeLessThanOrEqual(2);
  expect(Object.values(desk.phone.settings()).filter(value => value === 'none').length).toBeLessThanOrEqual(
    2,
  );
});

test('what WhatsApp sends is not answered any more, and the connection ends', async () => {
  const session = await connected();
  left = 0;
  desk.phone.setPrivacy('last', 'none'); // Which a push tells, and an ack answers.
  expect((await session.ended).text).toBe('Another node may have the instance by now');
  expect(await session.readPrivacy(LONG_MS)).toEqual({ kind: 'no_answer', cause: 'closed' });
  expect(seen()).toEqual([]);
});

test('a login does not go on', async () => {
  left = 1; // The first of the handshake.
  expect(await connect()).toMatchObject({
    kind: 'failed',
    disconnect: { text: 'Another node may have the instance by now' },
  });
});
