import { expect, onTestFinished, test, vi } from 'vitest';
import {
  InstanceServiceService as Instances,
  Instance_State as State,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { NodeServiceService as Node } from '../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { databaseUrl, newDatabase } from '../stores/postgres/postgres-data.js';
import { failureOf } from '../support/call.js';
import { postgresServer } from '../support/postgres-server.js';
import { startService } from '../support/service.js';

const PATIENCE = { timeout: 60_000, interval: 50 };

test('a service keeps what it has in PostgreSQL', async () => {
  await using service = await startService({ env: { WA_PRIVACY_DATABASE_URL: await newDatabase() } });
  const { instance, phone } = await service.linked();
  await service.client.call(Privacy.updatePrivacySettings, {
    instance,
    visibility: { lastSeen: LastSeenVisibility.NONE },
  });
  await service.stop();
  await service.start();
  await vi.waitFor(async () => {
    const { instance: seen } = await service.client.call(Instances.getInstance, { instance });
    expect(seen?.state).toBe(State.CONNECTED);
  }, PATIENCE);
  expect(phone.devices()).toHaveLength(1);
  const { changes } = await service.client.call(Privacy.listPrivacyChanges, { instance });
  expect(changes.length).toBeGreaterThan(2);

  const refused = await failureOf(service.client.stream(Node.downloadBackup, {}).next());
  expect(refused).toMatchObject({ code: 9, reason: 'BACKUP_NOT_SUPPORTED' });
  expect(refused.message).toContain('pg_dump');
});

test('while its database is away it says so, and afterwards goes on with the same device', async () => {
  const server = await postgresServer();
  onTestFinished(() => server.remove());
  await using service = await startService({
    env: { WA_PRIVACY_DATABASE_URL: databaseUrl('postgres', server.url) },
  });
  const { instance, phone } = await service.linked();
  await server.stop();

  const refused = await failureOf(service.client.call(Instances.createInstance, { name: 'meanwhile' }));
  expect(refused).toMatchObject({ code: 14, reason: 'STORE_UNAVAILABLE' });
  expect(refused.details['google.rpc.RetryInfo']).toBeDefined();
  phone.streamError(503);
  await vi.waitFor(() => expect(service.log.join('')).toContain('reading the credentials'), PATIENCE);

  await server.start();
  await vi.waitFor(async () => {
    const { instance: seen } = await service.client.call(Instances.getInstance, { instance });
    expect(seen?.state).toBe(State.CONNECTED);
  }, PATIENCE);
  expect(phone.devices()).toMatchObject([{ device: 1, connected: true }]);
  await service.client.call(Instances.createInstance, { name: 'meanwhile' });
  expect(service.log.join('')).not.toContain('postgres://');
});

test('a second service on the same database does not start', async () => {
  await using service = await startService({ env: { WA_PRIVACY_DATABASE_URL: await newDatabase() } });
  await expect(service.start()).rejects.toThrow('Another wa-privacy uses this database');
  await service.client.call(Instances.createInstance, { name: 'still-here' });
});
