import { expect, onTestFinished, test } from 'vitest';
import { newSecret, tokens } from '../../src/access/tokens.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite.js';

/** Interruptions by whatever else the machine does. */
const OUTLIERS = 0.1;
/** Beyond this, tests of constant time call two kinds of input told apart (dudect). */
const TOLD_APART = 10;

/** Welch's t of two samples. */
function welch(a: readonly number[], b: readonly number[]): number {
  const [one, other] = [a, b].map(sample => {
    const mean = sample.reduce((sum, x) => sum + x, 0) / sample.length;
    const variance = sample.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (sample.length - 1);
    return { mean, error: variance / sample.length };
  }) as [{ mean: number; error: number }, { mean: number; error: number }];
  return (one.mean - other.mean) / Math.sqrt(one.error + other.error);
}

/** How far the times of two calls differ, made in random order so that the load of the machine hits both alike. */
async function difference(count: number, first: () => unknown, second: () => unknown): Promise<number> {
  const samples: [number[], number[]] = [[], []];
  for (let calls = 0; calls < count; calls++) {
    const which = Math.random() < 0.5 ? 0 : 1;
    const started = performance.now();
    await (which ? second() : first());
    samples[which].push(performance.now() - started);
  }
  const all = samples.flat().sort((a, b) => a - b);
  const longest = all[Math.floor(all.length * (1 - OUTLIERS))] ?? 0;
  const [a, b] = samples.map(sample => sample.filter(time => time <= longest)) as [number[], number[]];
  return Math.abs(welch(a, b));
}

test('a token that is wrong in its last letter takes as long to refuse as one that is wholly made up', async () => {
  const store = await sqliteStore({ file: ':memory:', masterKey: Buffer.alloc(32) });
  onTestFinished(() => store.close());
  const { mint, verify } = tokens({ store: store.tokens, key: Buffer.alloc(32, 'token key') });
  const { secret } = await mint({ kind: 'ACCOUNT', access: 'READ_WRITE', displayName: 'all' });
  const nearly = secret.slice(0, -1) + (secret.endsWith('A') ? 'E' : 'A');
  const madeUp = newSecret();
  expect(await verify(nearly)).toBeUndefined();

  expect(
    await difference(
      100_000,
      () => verify(nearly),
      () => verify(madeUp),
    ),
  ).toBeLessThan(TOLD_APART);
  // What the measure can tell apart: a good one is answered from memory.
  expect(
    await difference(
      5_000,
      () => verify(secret),
      () => verify(madeUp),
    ),
  ).toBeGreaterThan(TOLD_APART);
});
