import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { frame } from '../../../src/simulator/wire/frames.js';
import { inbox } from '../../../src/whatsapp/baileys/inbox.js';

/** An inbox, and what was handled in it; `slow` frames take a turn of the event loop, `bad` ones fail. */
function opened() {
  const handled: string[] = [];
  const unreadable: number[] = [];
  const frames = inbox(
    async framed => {
      const text = framed.subarray(3).toString();
      if (text.startsWith('slow')) await sleep(5);
      if (text.startsWith('bad')) throw new Error(text);
      handled.push(text);
    },
    (_, bytes) => unreadable.push(bytes),
  );
  const settled = () => new Promise<void>(resolve => frames.after(resolve));
  return { ...frames, handled, unreadable, settled };
}

const of = (...texts: string[]) => Buffer.concat(texts.map(text => frame(Buffer.from(text))));

test('a frame that takes longer is not overtaken by those behind it, of the same message or the next', async () => {
  const { push, handled, settled } = opened();
  push(of('slow 1', '2'));
  push(of('3'));
  await settled();
  expect(handled).toEqual(['slow 1', '2', '3']);
});

test('what is behind an unreadable frame is handled at once, and the frame told by its length', async () => {
  const { push, handled, unreadable, settled } = opened();
  push(of('1', 'bad frame', '2'));
  await settled();
  expect(handled).toEqual(['1', '2']);
  expect(unreadable).toEqual(['bad frame'.length]);
});

test('frames are the same however messages divide them', async () => {
  const { push, handled, settled } = opened();
  for (const byte of of('one', 'two', '')) push(Buffer.of(byte));
  await settled();
  expect(handled).toEqual(['one', 'two', '']);
});

test('the end waits for what came before, and for nothing when that is handled', async () => {
  const { push, handled, settled, after } = opened();
  push(of('slow 1'));
  let isOver = false;
  after(() => {
    expect(handled).toEqual(['slow 1']);
    isOver = true;
  });
  expect(isOver).toBe(false);
  await settled();
  expect(isOver).toBe(true);
  await sleep(1);
  let isAtOnce = false;
  after(() => {
    isAtOnce = true;
  });
  expect(isAtOnce).toBe(true);
});
