import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Caller } from '../support/call.js';
import { link, QR } from '../support/link.js';
import { expectOneIdentity, expectUsable, INSTANCE, instanceOf } from './support/checks.js';
import { createLinked, PAIRING_CODE } from './support/link.js';
import type { ServiceProcess } from './support/process.js';
import { openScene, type Scene } from './support/scene.js';

/** The instance once it says this. While nothing can be read, a call whose token was not looked up lately fails. */
const said = (client: Caller, reason: string) =>
  vi.waitUntil(
    async () => {
      const instance = await instanceOf(client).catch(() => undefined);
      return instance?.stateReason === reason && instance;
    },
    { timeout: 120_000 },
  );

/** The service has lived through it: it uses the same device, stops as usual, and everything is stored. */
async function expectUnharmed(scene: Scene, service: ServiceProcess) {
  await expectUsable(scene, await service.client);
  expect(await service.end('SIGTERM')).toBe(0);
  await scene.quiet();
  expect(await expectOneIdentity(scene)).toBe('linked');
}

describe.each(['SQLITE_FULL', 'SQLITE_IOERR_WRITE'])('a disk that takes nothing (%s)', code => {
  test('ends the session, which the instance says, and the next one is as before', async () => {
    await using scene = await openScene();
    const service = scene.start();
    const client = await service.client;
    await createLinked(scene, client);

    await service.disk({ is: 'failing', on: 'write', code });
    scene.askForKeys();
    expect(await said(client, 'The credentials could not be stored')).toMatchObject({
      state: InstanceState.CONNECTING,
    });
    await service.disk({ is: 'fine' });
    await expectUnharmed(scene, service);
  });

  test.each([
    ['QR', QR],
    ['pairing code', PAIRING_CODE],
  ] as const)('refuses a link by %s and leaves nothing of it', async (_, method) => {
    await using scene = await openScene();
    const service = scene.start();
    const client = await service.client;
    await client.call(Instances.createInstance, { name: INSTANCE });

    await service.disk({ is: 'failing', on: 'write', code });
    await expect(link(client, INSTANCE, scene.phone, method)).rejects.toThrow();
    expect(await instanceOf(client)).toMatchObject({ state: InstanceState.UNLINKED, maskedPhoneNumber: '' });
    expect(scene.phone.devices()).toEqual([]);
    await service.disk({ is: 'fine' });
    await link(client, INSTANCE, scene.phone, method);
    await expectUnharmed(scene, service);
  });
});

describe('a disk without room', () => {
  test.skipIf(process.platform === 'win32')('for more keys ends the session', async () => {
    await using scene = await openScene();
    const first = scene.start();
    await createLinked(scene, await first.client);
    await first.end('SIGTERM');
    await scene.quiet();

    const size = statSync(join(scene.dataDir, 'wa-privacy.db')).size;
    const service = scene.load({ maxFileBytes: size });
    await service.serve();
    const client = await service.client;
    await expectUsable(scene, client);
    const asking = setInterval(scene.askForKeys, 50);
    await said(client, 'The credentials could not be stored').finally(() => clearInterval(asking));
    await expect.poll(() => service.log()).toMatch(/disk I\/O error|disk is full/);
    expect(await service.end('SIGKILL')).toBe('SIGKILL');
    await scene.quiet();
    expect(await expectOneIdentity(scene)).toBe('linked');
    await expectUnharmed(scene, scene.start());
  });
});

test('a disk that cannot be read never looks like an instance without credentials', async () => {
  await using scene = await openScene();
  const service = scene.start();
  const client = await service.client;
  await createLinked(scene, client);
  await service.disk({ is: 'failing', on: 'read', code: 'SQLITE_IOERR_READ' });
  scene.phone.streamError(503);
  expect(await said(client, 'The stored credentials could not be read')).toMatchObject({
    state: InstanceState.CONNECTING,
  });
  await service.disk({ is: 'fine' });
  await expectUnharmed(scene, service);
});

test('a disk that takes seconds for every commit only slows things down', async () => {
  await using scene = await openScene();
  const service = scene.start();
  const client = await service.client;
  await service.disk({ is: 'slow', ms: 2000, on: 'write', statement: 'COMMIT' });
  await createLinked(scene, client);
  await client.call(Privacy.updatePrivacySettings, {
    instance: INSTANCE,
    visibility: { lastSeen: LastSeenVisibility.NONE },
  });
  expect(scene.phone.settings()).toMatchObject({ last: 'none' });
  await expectUnharmed(scene, service);
  expect((await scene.stored(INSTANCE)).changes).toMatchObject([
    { change: { setting: 'last_seen', outcome: 'APPLIED' } },
  ]);
});
