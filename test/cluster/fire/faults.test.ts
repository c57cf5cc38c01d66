import { setTimeout as wait } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { SettingOutcome_State as State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import { consume, untoldOf, wholeHistory } from './load/consuming.js';
import { figuresOf, overlapLine } from './load/figures.js';
import { falseAnswers, requestsIn } from './load/judge-updates.js';
import { startLoad } from './load/load.js';
import { faultsOf } from './support/draws.js';
import { perform } from './support/perform.js';
import { openScene } from './support/scene.js';

const FAULTS = Number(process.env['CLUSTER_FAULTS'] ?? 20);
const SEED = Number(process.env['FAULT_SEED'] ?? 3);
const ACCOUNTS = 18;
const CONSUMERS = 2;
/** What was lost is found within half a minute; a busy machine takes its time. */
const PATIENCE = { timeout: 90_000, interval: 200 };
/** A last word of what went wrong may come so late. */
const AFTERWARDS_MS = 2_000;

test(`three nodes lose, double and invent nothing under ${FAULTS} faults (seed ${SEED})`, async () => {
  await using scene = await openScene(ACCOUNTS);
  const { simulator, desks, nodes } = scene;
  await Promise.all(nodes.map(node => node.start()));
  await vi.waitUntil(scene.areConnected, PATIENCE);
  const devices = () => desks.map(({ phone }) => phone.devices().map(({ device }) => device));
  const linked = devices();

  const follower = scene.client();
  const over = new AbortController();
  const consumers = Array.from({ length: CONSUMERS }, () => consume(follower, over.signal));
  const load = startLoad(scene, SEED);
  await perform(scene, faultsOf(SEED, FAULTS));
  await vi.waitUntil(scene.areConnected, PATIENCE);
  const loaded = await load.end();
  await wait(AFTERWARDS_MS);

  // Nothing is under way any more: all that was told must be so.
  const history = await vi.waitFor(() => wholeHistory(follower), PATIENCE);
  const ids = history.map(({ id }) => id);
  const requests = requestsIn(history);
  const wrong = loaded.tracks.flatMap(track =>
    falseAnswers(track, simulator.journal(track.desk.phone.phoneNumber), requests),
  );
  const overlaps = scene.overlaps();
  console.log([...figuresOf(loaded), overlapLine(overlaps)].join('\n'));
  expect.soft([...wrong, ...loaded.reads.wrong, ...loaded.applies.wrong]).toEqual([]);
  expect.soft(overlaps.filter(({ isExcused }) => !isExcused)).toEqual([]);
  expect.soft(scene.wordsAfterwards()).toEqual([]);
  expect.soft(await scene.staleWrites()).toEqual([]);
  expect.soft(devices()).toEqual(linked);
  const outcomes = loaded.asked.flatMap(({ answer }) => answer.outcomes ?? []);
  expect(outcomes.filter(({ state }) => state === State.APPLIED).length).toBeGreaterThan(FAULTS);

  await vi.waitFor(() => {
    for (const consumer of consumers) {
      expect(consumer.ids.at(-1)).toBe(ids.at(-1));
      expect(untoldOf(consumer, desks)).toEqual([]);
    }
  }, PATIENCE);
  over.abort();
  await Promise.all(consumers.map(({ ended }) => ended));
  follower.close();
  for (const consumer of consumers) expect(consumer.ids).toEqual(ids);
});
