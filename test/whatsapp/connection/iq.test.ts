import { EventEmitter } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import type { BinaryNode } from '@whiskeysockets/baileys';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import type { LightSocket } from '../../../src/whatsapp/baileys/light-socket.js';
import { iqs } from '../../../src/whatsapp/connection/iq.js';

const IN_FLIGHT = 8;
const TIMEOUT_MS = 100;

afterEach(() => vi.unstubAllGlobals());

/** Timers that are over when the test says so: all questions wait equally long. */
function stubTimers() {
  const running = new Set<() => void>();
  vi.stubGlobal('setTimeout', (job: (...args: unknown[]) => void, _ms: number, ...args: unknown[]) => {
    const timer = () => {
      running.delete(timer);
      job(...args);
    };
    running.add(timer);
    return timer;
  });
  vi.stubGlobal('clearTimeout', (timer: () => void) => running.delete(timer));
  return {
    running,
    end: () => {
      for (const timer of running) timer();
    },
  };
}

/** What of a socket queries use, in the hands of the test: what was asked, and a way to let an answer in. */
function openSocket() {
  const ws = new EventEmitter();
  const asked: BinaryNode[] = [];
  let tags = 0;
  const sock = {
    ws,
    generateMessageTag: () => `7.${++tags}`,
    sendNode: async (node: BinaryNode) => void asked.push(node),
  } as unknown as LightSocket;
  /** As Baileys tells of a stanza; the answer names the question it is for. */
  const answer = ({ attrs: { id = '', name = '' } }: BinaryNode) =>
    ws.emit(`TAG:${id}`, { tag: 'iq', attrs: { id, type: 'result', name } });
  return { ...iqs(sock), ws, asked, answer };
}

const round = fc.record({
  fates: fc.array(fc.constantFrom('in time', 'twice', 'late', 'never'), {
    minLength: IN_FLIGHT,
    maxLength: IN_FLIGHT,
  }),
  order: fc.shuffledSubarray([...Array(IN_FLIGHT).keys()], { minLength: IN_FLIGHT }),
  /** How many rounds later those that are late come in. */
  lateness: fc.nat(3),
});

const isInTime = (fate: string | undefined) => fate === 'in time' || fate === 'twice';

test('an answer meets its own question or nobody, in 100,000 rounds of eight questions at a time', async () => {
  const timers = stubTimers();
  const { ask, ws, asked, answer } = openSocket();
  let late: { readonly round: number; readonly question: BinaryNode }[] = [];
  let names = 0;
  await fc.assert(
    fc.asyncProperty(round, async ({ fates, order, lateness }) => {
      asked.length = 0;
      const own = fates.map(() => `question ${++names}`);
      const answers = own.map(name => ask({ tag: 'iq', attrs: { type: 'get', name } }, TIMEOUT_MS));
      const due = late.filter(({ round }) => round <= names / IN_FLIGHT);
      late = late.filter(one => !due.includes(one));
      for (const { question } of due) answer(question);
      for (const index of order) {
        const question = asked[index] as BinaryNode;
        const fate = fates[index];
        if (fate === 'late') late.push({ round: names / IN_FLIGHT + 1 + lateness, question });
        if (isInTime(fate)) answer(question);
        if (fate === 'twice') answer(question);
      }
      timers.end();
      const got = await Promise.all(answers);
      const heard = got.map(one => (one.kind === 'reply' ? one.node.attrs['name'] : one.kind));
      // A matcher for each of so many rounds would take longer than all else.
      return isDeepStrictEqual(
        heard,
        own.map((name, index) => (isInTime(fates[index]) ? name : 'timeout')),
      );
    }),
    { numRuns: 100_000 },
  );
  expect(ws.eventNames()).toEqual([]);
  expect(timers.running.size).toBe(0);
});
