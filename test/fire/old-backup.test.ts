import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectUsable } from './support/checks.js';
import { createLinked } from './support/link.js';
import { openScene } from './support/scene.js';

test('on a database from an old backup the service does not start until a person has agreed', async () => {
  await using scene = await openScene();
  const database = join(scene.dataDir, 'wa-privacy.db');
  const first = scene.start();
  await createLinked(scene, await first.client);
  await first.end('SIGTERM');
  cpSync(database, `${database}.backup`);
  const second = scene.start();
  await expectUsable(scene, await second.client);
  await second.end('SIGTERM');

  cpSync(`${database}.backup`, database);
  const heard = scene.simulator.stanzas.length;
  for (let attempt = 0; attempt < 2; attempt++) {
    const held = scene.start();
    expect(await held.ended).toBe(1);
    expect(held.log()).toMatch(/^error: .+ is older than what ran here last.+ delete .+\.epoch$/m);
  }
  expect(scene.simulator.stanzas).toHaveLength(heard);

  rmSync(`${database}.epoch`);
  await expectUsable(scene, await scene.start().client);
});
