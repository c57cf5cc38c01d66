import { expect, test } from 'vitest';
import { behaviourOf, EFFECTS, EFFECTS_NOT_DRAWN } from './support/behaviours.js';
import { listPlanOf } from './support/list-plans.js';
import { planOf } from './support/plans.js';

const SEEDS = Array.from({ length: 600 }, (_, seed) => seed);
const effectsIn = (plans: readonly { faults: readonly { effect: { do: string } }[] }[]) =>
  new Set(plans.flatMap(({ faults }) => faults.map(({ effect }) => effect.do)));

test('every fault that the simulator knows is drawn, or it is said why not', () => {
  const drawn = effectsIn([...SEEDS.map(seed => planOf(seed, seed % 4 === 0)), ...SEEDS.map(listPlanOf)]);
  const missing = EFFECTS.filter(effect => !drawn.has(effect));
  expect(missing.toSorted()).toEqual(Object.keys(EFFECTS_NOT_DRAWN).toSorted());
});

test('every switch that is drawn has each of its values', () => {
  const values = Map.groupBy(
    SEEDS.flatMap(seed => Object.entries(behaviourOf(seed))),
    ([name]) => name,
  );
  const counts = [...values].map(([name, drawn]) => [name, new Set(drawn.map(([, value]) => value)).size]);
  expect(Object.fromEntries(counts)).toMatchObject({
    plainList: 2,
    plainListStamp: 2,
    listReply: 7,
    latencyMs: 3,
  });
  expect(counts.filter(([, count]) => Number(count) < 2)).toEqual([]);
});
