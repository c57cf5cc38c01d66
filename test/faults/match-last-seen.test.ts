import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OnFailure } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Fault } from '../../src/simulator/index.js';
import { type Service, startService } from '../support/service.js';
import type { Desk } from './support/fleet.js';
import { judge } from './support/oracle.js';
import { carryOut } from './support/run.js';
import { audiencesOf, rank, type Values } from './support/settings.js';
import { storyOf } from './support/story.js';
import { timelineOf } from './support/timeline.js';

let service: Service;
let desk: Desk;
beforeAll(async () => {
  service = await startService();
  desk = await service.linked();
});
afterAll(() => service[Symbol.asyncDispose]());

type Pair = Required<Pick<Values, 'last' | 'online'>>;
const PAIRS: readonly Pair[] = audiencesOf('last').flatMap(last =>
  audiencesOf('online').map(online => ({ last, online })),
);

async function between(start: Pair, wishes: Pair, faults: readonly Fault[]) {
  const run = await carryOut(service, desk, {
    start,
    readBefore: true,
    wishes,
    onFailure: OnFailure.ROLL_BACK,
    deadlineMs: 10_000,
    faults,
    meanwhile: [],
    isPatient: true,
    cancelAfterMs: undefined,
    reconnectAfterMs: undefined,
  });
  expect(judge(run), storyOf(run)).toEqual({ wrong: [], notes: [] });
  return timelineOf(run.before, run.events);
}

// The oracle checks after every change who really sees the account online.
describe.each(PAIRS)('last_seen and online, from $last and $online', start => {
  const others = PAIRS.filter(pair => pair !== start);

  test('change to every other pair without showing more than before and after', async () => {
    for (const wishes of others) {
      const { sets } = await between(start, wishes, []);
      expect(desk.phone.settings()).toMatchObject(wishes);
      const direction = (category: keyof Pair) =>
        Math.sign(rank(category, wishes[category]) - rank(category, start[category]));
      if (direction('last') === direction('online'))
        expect(sets.map(({ category }) => category)).toEqual(['last', 'online']);
    }
  });

  test.each(['last', 'online'])('stay as they were when %s is refused', async category => {
    for (const wishes of others) {
      await between(start, wishes, [
        { match: { on: 'privacy_set', category }, effect: { do: 'refuse', code: 403 } },
      ]);
      const refused = category === 'last' ? wishes.last !== start.last : wishes.online !== start.online;
      expect(desk.phone.settings()).toMatchObject(refused ? start : wishes);
    }
  });
});
