import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { NodeServiceService as Node } from '../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { backupReader } from '../../src/domain/backup-file.js';
import { masterKey } from '../../src/stores/sealing/master-key.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite.js';
import { failureOf } from '../support/call.js';
import { type Service, startService } from '../support/service.js';

/** More than the connection takes in while nobody reads. */
const MUCH = 32 * 1024 * 1024;

let service: Service;
beforeAll(async () => {
  service = await startService({
    async prepare(folder) {
      const file = join(folder, 'wa-privacy.db');
      const { key } = masterKey({ configured: undefined, folder, database: file });
      await (await sqliteStore({ file, masterKey: key })).close();
      const database = new Sqlite(file);
      database.exec('create table much (content blob)');
      database.prepare('insert into much values (zeroblob(?))').run(MUCH);
      database.close();
    },
  });
});
afterAll(() => service[Symbol.asyncDispose]());

const drafts = () => readdirSync(service.dataDir).filter(name => name.includes('draft'));

async function download(): Promise<number> {
  const reader = backupReader();
  let bytes = 0;
  for await (const { data } of service.client.stream(Node.downloadBackup, {})) {
    expect(data.length).toBeLessThanOrEqual(32 * 1024);
    bytes += reader.push(data).length;
  }
  expect(reader.finish().databaseBytes).toBe(bytes);
  return bytes;
}

describe('while somebody downloads a backup and reads slowly', () => {
  test('others are answered, another backup is refused, and the next one is made when he has left', async () => {
    const slow = service.client.stream(Node.downloadBackup, {});
    expect((await slow.next()).done).toBe(false);
    expect(drafts()).toEqual([]);

    await service.client.call(Instances.createInstance, { name: 'meanwhile' });
    const refused = await failureOf(download());
    expect(refused.reason).toBe('RATE_LIMITED');
    expect(refused.message).toBe('More than 1 backups at once; call again when one has ended');

    await slow.return(undefined);
    await expect.poll(() => download().catch(() => 0)).toBeGreaterThan(MUCH);
  });

  test('the service stops', async () => {
    const slow = service.client.stream(Node.downloadBackup, {});
    await slow.next();
    await service.stop();
    const reading = (async () => {
      for await (const _ of slow);
    })();
    expect((await failureOf(reading)).reason).toBe('SHUTTING_DOWN');
    expect(drafts()).toEqual([]);
    await service.start();
    expect(await download()).toBeGreaterThan(MUCH);
  });
});
