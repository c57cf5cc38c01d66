import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { gathering } from '../../../../src/grpc/methods/fleet/gathered.js';

/** Numbers from 1 on, and how many were asked for. */
function counting(until = Number.POSITIVE_INFINITY) {
  const source = { asked: 0, hasEnded: false, values: numbers() };
  async function* numbers(): AsyncGenerator<number, string, undefined> {
    try {
      for (let number = 1; number <= until; number++) {
        source.asked = number;
        yield number;
      }
      return 'the end';
    } finally {
      source.hasEnded = true;
    }
  }
  return source;
}

test('a source is read no further than one value ahead of what was taken', async () => {
  const gathered = gathering<number>(() => undefined);
  const source = counting();
  void gathered.read('a', source.values);
  for (const taken of [0, 1, 2]) {
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    expect(source.asked).toBe(taken + 1);
    expect(gathered.take()).toMatchObject({ source: 'a', value: taken + 1 });
  }
});

test('a busy source does not keep another waiting', async () => {
  const gathered = gathering<number>(() => undefined);
  for (const name of ['a', 'b']) void gathered.read(name, counting().values);
  const heard: string[] = [];
  while (heard.length < 10) {
    await setImmediate();
    heard.push(...[gathered.take()].flatMap(came => (came ? [came.source] : [])));
  }
  expect(heard.filter(name => name === 'a')).toHaveLength(5);
});

test('the end of a source comes behind its last value', async () => {
  const gathered = gathering<number>(() => undefined);
  const end = gathered.read('a', counting(1).values);
  await setImmediate();
  expect(gathered.take()).toMatchObject({ source: 'a', value: 1 });
  expect(await end).toBe('the end');
  expect(gathered.take()).not.toHaveProperty('value');
});

test('of a source that fails the end comes too', async () => {
  const gathered = gathering<number>(() => undefined);
  async function* failing(): AsyncGenerator<number, void, undefined> {
    yield 1;
    throw new Error('out of order');
  }
  const end = gathered.read('a', failing());
  await setImmediate();
  expect(gathered.take()).toMatchObject({ source: 'a', value: 1 });
  await expect(end).rejects.toThrow('out of order');
  expect(gathered.take()).not.toHaveProperty('value');
});

test('whoever leaves ends every source, also one whose value nobody took', async () => {
  const gathered = gathering<number>(() => undefined);
  const source = counting();
  const end = gathered.read('a', source.values);
  await setImmediate();
  gathered[Symbol.dispose]();
  await end;
  expect(source).toMatchObject({ asked: 1, hasEnded: true });
});
