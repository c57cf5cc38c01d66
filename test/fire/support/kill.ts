import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Caller } from '../../support/call.js';
import { choosePoints } from './points.js';
import type { ServiceProcess } from './process.js';
import type { Scene } from './scene.js';

/** How many kills all tests together make; the default keeps `npm test` short. */
const POINTS = Number(process.env['FIRE_POINTS'] ?? 200);
/** For one test. */
export const TIMEOUT_MS = 60_000 + POINTS * 10_000;

/** How many kills a test with this share of them makes. */
export const killsOf = (share: number): number => Math.ceil(POINTS * share);

/** What a service is killed in. */
export type Deed<T> = {
  /** Done before each time, on the service that came back from the kill before. */
  readonly prepare: (client: Caller) => Promise<unknown>;
  /** What the service is killed in; what a caller gets from it. */
  readonly act: (client: Caller, service: ServiceProcess) => Promise<T>;
  /** After the kill and before the next start; `got` is what the caller got before it, if anything. */
  readonly check: (got: T | undefined) => Promise<void>;
};

/**
 * Does the deed once to learn its points of I/O, then again and again, each time with a SIGKILL at one of the chosen
 * points, and at last with one as soon as the caller has the answer.
 */
export async function killAtPoints<T>(
  scene: Scene,
  share: number,
  { prepare, act, check }: Deed<T>,
): Promise<void> {
  let service = scene.start();
  await prepare(await service.client);
  await service.count();
  await act(await service.client, service);
  const points = await service.points();
  const chosen = choosePoints(points, killsOf(share) - 1);
  let missed = 0;

  for (const point of [...chosen, undefined]) {
    scene.loadNext();
    await prepare(await service.client);
    await service.count(point);
    const got = await unlessKilled(service, act(await service.client, service));
    if (got && point !== undefined) missed++;
    await service.end('SIGKILL');
    await scene.quiet();
    try {
      await check(got?.answer);
      service = scene.start();
      await service.client;
    } catch (cause) {
      const where =
        point === undefined ? 'after the answer' : `${points[point]} (${point} of ${points.length})`;
      throw new Error(`killed ${where}: ${String(cause)}`, { cause });
    }
  }
  await prepare(await service.client);
  // A run may pass fewer points than the first one did.
  expect(missed).toBeLessThanOrEqual(chosen.length / 5);
}

/** What the work brings, or undefined when it fails because the service was killed. */
export async function unlessKilled<T>(
  service: ServiceProcess,
  work: Promise<T>,
): Promise<{ readonly answer: T } | undefined> {
  try {
    return { answer: await work };
  } catch (error) {
    // A caller may notice before its parent does.
    const end = await Promise.race([service.ended, setTimeout(5000, 'none')]);
    if (end !== 'SIGKILL') throw error;
    return undefined;
  }
}
