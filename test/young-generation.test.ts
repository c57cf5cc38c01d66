import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MODULE = join(import.meta.dirname, '../src/young-generation.ts');

/** Makes objects of which some live on, and tells the most megabytes that the young generation took. */
const program = (isKept: boolean) => `
  import v8 from 'node:v8';
  import { setImmediate } from 'node:timers/promises';
  import { keepYoungGenerationSmall } from ${JSON.stringify(MODULE)};
  if (${isKept}) keepYoungGenerationSmall();
  const kept = [];
  let most = 0;
  for (let turn = 0; turn < 150; turn++) {
    for (let index = 0; index < 10_000; index++) kept[(turn * 10_000 + index) % 200_000] = { list: [index] };
    await setImmediate();
    const space = v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    most = Math.max(most, space.space_size / 2 ** 20);
  }
  console.log(most);
`;

async function mostMegabytes(isKept: boolean): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    program(isKept),
  ]);
  return Number(stdout);
}

test('the young generation stays small, where by itself it would not', async () => {
  const [kept, left] = await Promise.all([mostMegabytes(true), mostMegabytes(false)]);
  expect(kept).toBeGreaterThanOrEqual(4);
  expect(kept).toBeLessThanOrEqual(16);
  expect(left).toBeGreaterThan(16);
});
