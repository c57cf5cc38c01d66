import { expect, test, vi } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { INSTANCE } from './support/checks.js';
import { createLinked } from './support/link.js';
import { openScene } from './support/scene.js';

const FROM_MEMORY = { instance: INSTANCE, maxAge: { seconds: 3600n, nanos: 0 } };
const CHANGE = { instance: INSTANCE, visibility: { lastSeen: LastSeenVisibility.NONE } };

test.skipIf(process.platform === 'win32')(
  'a disk that hangs keeps those waiting who need it, and nobody else, and SIGTERM is heard',
  async () => {
    await using scene = await openScene();
    const service = scene.start();
    const client = await service.client;
    await createLinked(scene, client);
    await client.call(Privacy.getPrivacySettings, { instance: INSTANCE });

    await service.count();
    await service.disk(scene.hangingDisk());
    let isAnswered = false;
    const answered = () => {
      isAnswered = true;
    };
    const update = client.call(Privacy.updatePrivacySettings, CHANGE).then(answered, answered);
    await vi.waitUntil(() => scene.phone.settings()['last'] === 'none', { timeout: 60_000 });
    await vi.waitUntil(async () => (await service.points()).includes('before write: BEGIN'), {
      timeout: 60_000,
    });

    const { settings } = await client.call(Privacy.getPrivacySettings, FROM_MEMORY);
    expect(settings?.visibility?.lastSeen).toBe(LastSeenVisibility.NONE);
    expect((await client.call(Instances.listInstances, {})).instances).toHaveLength(1);
    expect(isAnswered).toBe(false);

    const ended = service.end('SIGTERM');
    await vi.waitUntil(() => service.log().includes('"stopping"'), { timeout: 60_000 });
    expect(await ended).toBe('SIGKILL'); // By the last resort.
    expect(service.log()).toMatch(/"task":"closing the store"/);
    await update;
  },
);
