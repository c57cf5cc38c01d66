import { setTimeout as wait } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { SettingOutcome_State as State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import { figuresOf } from './load/figures.js';
import { startLoad } from './load/load.js';
import { openScene } from './support/scene.js';

const ACCOUNTS = 24;
const SEED = 7;
const PATIENCE = { timeout: 180_000, interval: 50 };
/** Of load before the next node restarts. */
const BETWEEN_MS = 3_000;
const AS_ASKED: readonly State[] = [State.APPLIED, State.UNCHANGED];

test('no call is lost while three nodes are restarted one after another', async () => {
  await using scene = await openScene(ACCOUNTS);
  await Promise.all(scene.nodes.map(node => node.start()));
  await vi.waitUntil(scene.areConnected, PATIENCE);
  const load = startLoad(scene, SEED, { isPatient: true });
  for (const node of scene.nodes) {
    await wait(BETWEEN_MS);
    expect(await node.end('SIGTERM')).toBe(0);
    await node.start();
    await vi.waitUntil(scene.areConnected, PATIENCE);
  }
  await wait(BETWEEN_MS);
  const loaded = await load.end();
  console.log(figuresOf(loaded).join('\n'));

  const { asked, reads, applies } = loaded;
  expect(reads.failed).toEqual(new Map());
  expect([...reads.wrong, ...applies.wrong]).toEqual([]);
  const notMade = asked.filter(
    ({ answer: { outcomes } }) => !outcomes?.every(({ state }) => AS_ASKED.includes(state)),
  );
  expect(notMade.map(({ answer }) => answer)).toEqual([]);
  expect([applies.failed, applies.cut]).toEqual([0, 0]);
  expect(scene.overlaps()).toEqual([]);
});
