import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Caller } from '../support/call.js';
import { expectOneIdentity, expectUsable, INSTANCE } from './support/checks.js';
import { TIMEOUT_MS, unlessKilled } from './support/kill.js';
import { createLinked } from './support/link.js';
import { openScene } from './support/scene.js';

const CALLERS = 3;

/** Callers that change a setting all the time, on whichever service there is. */
function startCallers(first: Promise<Caller>) {
  const applied: string[] = [];
  const failures = new Set<status | undefined>();
  let service = first;
  let areBusy = true;
  const call = async () => {
    for (let turn = 0; areBusy; turn++) {
      const requestId = randomUUID();
      const lastSeen = turn % 2 === 0 ? LastSeenVisibility.NONE : LastSeenVisibility.ALL;
      try {
        const client = await service;
        const request = { instance: INSTANCE, requestId, visibility: { lastSeen } };
        const { outcomes } = await client.call(Privacy.updatePrivacySettings, request);
        if (outcomes.some(({ state }) => state === State.APPLIED)) applied.push(requestId);
      } catch (error) {
        failures.add((error as { code?: status }).code);
        await setTimeout(20);
      }
    }
  };
  const calls = Array.from({ length: CALLERS }, call);
  return {
    /** Calls go to this service from now on. */
    use(next: Promise<Caller>) {
      service = next;
    },
    /** What was acknowledged, and the ways in which calls failed, undefined where there was no service. */
    async stop() {
      areBusy = false;
      await Promise.all(calls);
      return { applied, failures };
    },
  };
}

test('a change of the master key, killed at any point while callers go on, loses nothing', {
  timeout: TIMEOUT_MS,
}, async () => {
  await using scene = await openScene();
  let service = scene.start();
  await createLinked(scene, await service.client);
  const callers = startCallers(service.client);
  const startAnew = (killAt?: number) => {
    service = scene.start(killAt);
    callers.use(service.client);
    return service.client;
  };

  scene.changeMasterKey();
  scene.loadNext();
  await service.end('SIGKILL');
  await scene.quiet();
  await expectUsable(scene, await startAnew());
  expect(service.log()).toContain('master_key_changed');
  const points = await service.points();

  // From the count of the start to the first use of the new keys.
  const [from, to] = [
    points.indexOf('before read: select "epoch" from "store_key"'),
    points.indexOf('before read: select * from "token" where "digest" = ?'),
  ];
  const crucial = [...points.keys()].slice(from, to).filter(point => points[point]?.startsWith('before'));
  expect(crucial.length).toBeGreaterThan(10);
  for (const point of crucial) {
    scene.changeMasterKey();
    scene.loadNext();
    await service.end('SIGKILL');
    await scene.quiet();
    const started = startAnew(point).then(client => expectUsable(scene, client));
    scene.loadNext();
    await unlessKilled(service, started);
    await service.end('SIGKILL');
    await scene.quiet();
    expect(await expectOneIdentity(scene), `killed ${points[point]}`).toBe('linked');
    await expectUsable(scene, await startAnew());
  }
  const { applied, failures } = await callers.stop();
  expect([...failures].filter(code => code !== undefined && code !== status.UNAVAILABLE)).toEqual([]);
  await service.end('SIGTERM');
  const { changes } = await scene.stored(INSTANCE);
  const recorded = new Set(
    changes.filter(({ change }) => change?.outcome === 'APPLIED').map(({ requestId }) => requestId),
  );
  expect(applied.length).toBeGreaterThan(0);
  expect(applied.filter(requestId => !recorded.has(requestId))).toEqual([]);
});
