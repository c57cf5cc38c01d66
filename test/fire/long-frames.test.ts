import { expect, test, vi } from 'vitest';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { expectUsable, INSTANCE, instanceOf } from './support/checks.js';
import { createLinked } from './support/link.js';
import { openScene } from './support/scene.js';

/** Much more than a session takes, and much less than a frame that inflates to 1 GB. */
const MARGIN = 150 * 1024 * 1024;
const TIMES = 4;

test.each([
  ['inflates to 1 GB', 'bomb'],
  ['has 8 MB', 'overlong'],
] as const)('a frame that %s ends the session, again and again, and takes no memory', async (_, garbage) => {
  await using scene = await openScene();
  const { phoneNumber } = scene.phone;
  const service = scene.start();
  const client = await service.client;
  await createLinked(scene, client);
  await expectUsable(scene, client);
  const before = await service.peakBytes();

  for (let time = 0; time < TIMES; time++) {
    const { lastConnectTime } = await instanceOf(client);
    const sent = scene.simulator.inject({
      match: { on: 'privacy_get', phoneNumber },
      effect: { do: garbage },
    });
    await client.call(Privacy.getPrivacySettings, { instance: INSTANCE }).catch(() => undefined);
    expect(sent.hits()).toBe(1);
    await vi.waitUntil(
      async () => Number((await instanceOf(client)).lastConnectTime) !== Number(lastConnectTime),
      { timeout: 60_000, interval: 20 },
    );
    await expectUsable(scene, client);
  }
  expect(service.log()).toContain('WhatsApp sent a frame that is too long');
  expect(await service.peakBytes()).toBeLessThan(before + MARGIN);
});
