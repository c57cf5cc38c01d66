import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from '../support/service.js';
import { type Watching, watch } from '../support/watch.js';
import { behaviourOf } from './support/behaviours.js';
import { openFigures } from './support/figures.js';
import { type Desk, openDesks, recover, recoverAll, restart } from './support/fleet.js';
import { judge } from './support/oracle.js';
import { planOf } from './support/plans.js';
import { carryOut } from './support/run.js';
import { storyOf } from './support/story.js';

const RUNS = Number(process.env['FAULT_RUNS'] ?? 200);
const SEED = Number(process.env['FAULT_SEED'] ?? 3);
const DESKS = Math.min(20, Math.ceil(RUNS / 16));
/** What is left alone without an answer takes a minute: that is for the long runs. */
const LEAVES_ALONE = RUNS >= 1_000;
/** Runs of an instance, about, before the service starts again, which forgets back-offs and rate limits. */
const ROUND = 8;

let service: Service;
let desks: Desk[];
beforeAll(async () => {
  service = await startService({ env: { WA_PRIVACY_SHARED_READ_SECONDS: '0' } });
  desks = await openDesks(service, DESKS);
});
afterAll(() => service[Symbol.asyncDispose]());

test(`no answer says what is not so, in ${RUNS} updates with random faults (seed ${SEED})`, async () => {
  const figures = openFigures();
  const stories: string[] = [];
  let number = 0;

  async function oneRun(desk: Desk, watching?: Watching) {
    const seed = SEED * 1_000_000 + number++;
    const drawn = planOf(seed, watching === undefined);
    const plan = LEAVES_ALONE ? drawn : { ...drawn, isLeftAlone: false };
    const run = await carryOut(service, desk, plan, watching);
    const { wrong, notes } = judge(run);
    const { code, reason, outcomes = [] } = run.answer;
    figures.add({ ...run, code, reason, states: outcomes.map(({ state }) => state) }, { wrong, notes });
    const told = `${JSON.stringify(service.simulator.behaviour)}\n    ${storyOf(run)}`;
    if (wrong.length > 0) stories.push(`seed ${seed}: ${wrong.join('; ')}\n    ${told}`);
    return run;
  }

  for (let round = 1; number < RUNS; round++) {
    Object.assign(service.simulator.behaviour, behaviourOf(SEED * 1_000 + round));
    const watching = watch(service.client, {});
    const untilLast = Math.min(round * ROUND * desks.length, RUNS) - desks.length;
    await Promise.all(
      desks.map(async desk => {
        while (number < untilLast) {
          await oneRun(desk, watching);
          await recover(service, desk);
        }
        await oneRun(desk);
      }),
    );
    service.simulator.clearFaults();
    // In one of four rounds an update goes without a read of its own where somebody has just read.
    await restart(service, { WA_PRIVACY_SHARED_READ_SECONDS: round % 4 === 0 ? '3' : '0' });
    await recoverAll(service, desks);
  }
  console.log(figures.lines().join('\n'));
  expect(stories.join('\n\n')).toBe('');
  // A machine that is busy lets some deadlines pass that a later read would have met.
  expect(figures.avoidable()).toBeLessThan(0.03);
});
