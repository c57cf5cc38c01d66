import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from '../support/service.js';
import { watch } from '../support/watch.js';
import { behaviourOf } from './support/behaviours.js';
import { openFigures } from './support/figures.js';
import { type Desk, openDesks, recover, recoverAll, restart } from './support/fleet.js';
import { judgeList } from './support/list-oracle.js';
import { listPlanOf } from './support/list-plans.js';
import { carryOutList, invite, personOf } from './support/list-run.js';
import { eventsInWords } from './support/story.js';

const RUNS = Math.ceil((Number(process.env['FAULT_RUNS'] ?? 200) * 3) / 10);
const SEED = Number(process.env['FAULT_SEED'] ?? 3);
const DESKS = Math.min(20, Math.ceil(RUNS / 8));
/** Runs of an instance, about, for which WhatsApp is the same with lists. */
const ROUND = 8;

let service: Service;
let desks: Desk[];
beforeAll(async () => {
  service = await startService();
  invite(service);
  desks = await openDesks(service, DESKS);
});
afterAll(() => service[Symbol.asyncDispose]());

test(`no answer says of a list what is not so, in ${RUNS} changes with random faults (seed ${SEED})`, async () => {
  const figures = openFigures();
  const stories: string[] = [];
  let number = 0;
  for (let round = 1; number < RUNS; round++) {
    const behaviour = behaviourOf(SEED * 1_000 + round);
    Object.assign(service.simulator.behaviour, behaviour);
    const watching = watch(service.client, {});
    const last = Math.min(round * ROUND * desks.length, RUNS);
    await Promise.all(
      desks.map(async desk => {
        while (number < last) {
          const seed = SEED * 1_000_000 + number++;
          const run = await carryOutList(service, desk, listPlanOf(seed), watching);
          const { wrong, notes } = judgeList(run, personOf);
          const { code, reason, state } = run.answer;
          figures.add(
            { code, reason, states: state === undefined ? [] : [state], events: run.events },
            { wrong, notes },
          );
          if (wrong.length > 0) {
            const { plan, answer, events, answeredAt } = run;
            const told = JSON.stringify({ plan, answer, behaviour });
            stories.push(
              `seed ${seed}: ${wrong.join('; ')}\n    ${told}\n    ${eventsInWords(events, answeredAt)}`,
            );
          }
          await recover(service, desk);
        }
      }),
    );
    service.simulator.clearFaults();
    await restart(service);
    await recoverAll(service, desks);
  }
  console.log(figures.lines().join('\n'));
  expect(stories.join('\n\n')).toBe('');
});
