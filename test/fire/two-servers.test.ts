import { expect, test } from 'vitest';
import { expectUsable } from './support/checks.js';
import { createLinked } from './support/link.js';
import { openScene } from './support/scene.js';

test('a second server on a data folder refuses to start, until the first is gone', async () => {
  await using scene = await openScene();
  const first = scene.start();
  await createLinked(scene, await first.client);
  const connections = scene.simulator.connections();

  for (let attempt = 0; attempt < 3; attempt++) {
    const second = scene.start();
    expect(await second.ended).toBe(1);
    expect(second.log()).toMatch(/^error: Another wa-privacy uses this data folder \(.+\)$/m);
    await expectUsable(scene, await first.client);
    expect(scene.simulator.connections()).toBe(connections);
  }
  await first.end('SIGKILL');
  await scene.quiet();
  await expectUsable(scene, await scene.start().client);
});
