import { expect, test } from 'vitest';
import { InstanceServiceService } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { openScene } from './support/scene.js';

test('SIGUSR1 opens no debugger, in which whoever reaches this machine would find the master key', async () => {
  await using scene = await openScene();
  const service = scene.start();
  const client = await service.client;
  service.signal('SIGUSR1');
  await client.call(InstanceServiceService.listInstances, {});
  expect(await service.end('SIGTERM')).toBe(0);
  expect(service.log()).toContain('"stopped"');
  expect(service.log()).not.toContain('Debugger');
});
