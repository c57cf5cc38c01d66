import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { INSTANCE } from './support/checks.js';
import { createLinked } from './support/link.js';
import { PEERS, peer } from './support/peers.js';
import { openScene, TOKEN } from './support/scene.js';
import { wayToWhatsApp } from './support/way-to-whatsapp.js';

// A service that does not end in its time is ended by its own last resort, and then has no exit code.

describe.each(['SIGTERM', 'SIGHUP'] as const)('%s ends the service', signal => {
  test.concurrent.for(Object.keys(PEERS))('whatever becomes of %s', async (name, { expect }) => {
    await using scene = await openScene();
    const service = scene.start();
    const client = await service.client;
    await client.call(Instances.createInstance, { name: INSTANCE });
    using _ = await peer(name, client.address, TOKEN);
    expect(await service.end(signal)).toBe(0);
    expect(service.log()).toMatch(/"stopped"/);
  });
});

test('SIGTERM ends the service while WhatsApp has vanished, with a change that has no answer and a caller who takes none', async () => {
  await using scene = await openScene();
  using way = await wayToWhatsApp(scene.simulator.url);
  const service = scene.load({ env: { WA_PRIVACY_WHATSAPP_URL: way.url } });
  await service.serve();
  const client = await service.client;
  await createLinked(scene, client);
  using _ = await peer('a call without a window', client.address, TOKEN);
  way.vanish();
  const change = client.call(Privacy.updatePrivacySettings, {
    instance: INSTANCE,
    visibility: { lastSeen: LastSeenVisibility.NONE },
  });
  change.catch(() => undefined);
  expect(await service.end('SIGTERM')).toBe(0);
  expect(service.log()).toMatch(/"stopped"/);
});

test('SIGTERM ends the service also when the disk answers nothing while it stops', async () => {
  await using scene = await openScene();
  const service = scene.start();
  const client = await service.client;
  await client.call(Instances.createInstance, { name: INSTANCE });
  await service.disk({ is: 'slow', ms: 600_000, on: 'write' });
  expect(await service.end('SIGTERM')).toBe('SIGKILL');
  expect(service.log()).toMatch(/"task":"closing the store"/);
});

test('a second signal ends the service at once', async () => {
  await using scene = await openScene();
  const service = scene.start();
  const client = await service.client;
  using _ = await peer('a call without a window', client.address, TOKEN);
  void service.end('SIGTERM');
  await vi.waitUntil(() => service.log().includes('"stopping"'), { timeout: 60_000 });
  expect(await service.end('SIGINT')).toBe('SIGINT');
});

test('SIGHUP reloads the certificates of a service with TLS, which goes on', async () => {
  await using scene = await openScene();
  const file = (name: string) => join(import.meta.dirname, `../support/tls/${name}.pem`);
  const service = scene.load({
    env: { WA_PRIVACY_TLS_CERT_FILE: file('cert'), WA_PRIVACY_TLS_KEY_FILE: file('key') },
  });
  await service.serve();
  await service.client;
  void service.end('SIGHUP');
  await vi.waitUntil(() => service.log().includes('"certificate_replaced"'), { timeout: 60_000 });
  expect(service.log()).not.toMatch(/"stopping"/);
  expect(await service.end('SIGTERM')).toBe(0);
});
