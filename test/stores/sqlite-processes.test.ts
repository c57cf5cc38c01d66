import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sqliteData } from './sqlite-data.js';

const CHILD = join(import.meta.dirname, 'child');

/** Starts `child/writer.ts` over the file. */
function startWriter(file: string, mode: 'hold' | 'save and die' | 'write') {
  const child = spawn(
    process.execPath,
    ['--import', join(CHILD, 'typescript.mjs'), join(CHILD, 'writer.ts'), file, mode],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, nextLine: async () => JSON.parse((await lines.next()).value ?? 'null') as unknown };
}

async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  expect(await exit).toEqual([null, 'SIGKILL']);
}

describe('a process that is killed while it writes', () => {
  test('leaves every write it was told of, no half of one, and one identity', async () => {
    const data = sqliteData();
    for (let round = 1; round <= 12; round++) {
      const { child, nextLine } = startWriter(data.file, 'write');
      let told: unknown;
      for (let line = 0; line < round * 3; line++) told = await nextLine();
      await killed(child);

      const store = await data.open();
      const stored = JSON.parse((await store.credentials.load('a'))?.toString() ?? 'null');
      const keys = await store.credentials.loadKeys('a', 'session', ['left', 'right']);
      await store.close();

      const order = (state: { identity: number; count: number }) => state.identity * 100 + state.count;
      expect(order(stored)).toBeGreaterThanOrEqual(order(told as { identity: number; count: number }));
      const [left, right] = ['left', 'right'].map(id => JSON.parse(keys.get(id)?.toString() ?? 'null'));
      expect(left).toEqual(right);
      // The keys are written before the credentials, and a link begins without any.
      const next = { identity: stored.identity, count: stored.count + 1 };
      expect([stored.count === 0 ? null : stored, next]).toContainEqual(left);
    }
  });

  test('has stored credentials by the time it is told so', async () => {
    const data = sqliteData();
    const { child } = startWriter(data.file, 'save and die');
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    const { credentials } = await data.open();
    expect((await credentials.load('a'))?.toString()).toBe('saved');
  });
});

describe('two processes with one file', () => {
  test('while one has it open the other fails 100 times of 100 to open it, and succeeds when the first was killed', async () => {
    const data = sqliteData();
    const { child, nextLine } = startWriter(data.file, 'hold');
    expect(await nextLine()).toBe('open');
    for (let attempt = 0; attempt < 100; attempt++) {
      await expect(data.open()).rejects.toThrow(`Another wa-privacy uses this data folder (${data.file})`);
    }
    await killed(child);
    const { instances } = await data.open();
    expect(await instances.list()).toMatchObject([{ name: 'a' }]);
  });

  test('the other fails also when the first has tried to open it twice', async () => {
    const data = sqliteData();
    await data.open();
    await expect(data.open()).rejects.toThrow('Another wa-privacy');
    const { child } = startWriter(data.file, 'hold');
    const [errors, exit] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(errors).toContain('Another wa-privacy uses this data folder');
    expect(exit).toEqual([1, null]);
  });
});
