import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { describe, expect, test, vi } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { failureOf } from '../support/call.js';
import { type Service, startService } from '../support/service.js';

/** Works on the database while no service does; `flip(value)` changes the last bit of a value. */
function edit<T>({ dataDir }: Service, work: (database: Database) => T): T {
  const database = new Sqlite(join(dataDir, 'wa-privacy.db'));
  database.function('flip', (value: Buffer) => {
    const copy = Buffer.from(value);
    copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1);
    return copy;
  });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** Everything stored of the first instance. */
const stored = (service: Service) =>
  edit(service, database => [
    database.prepare("select * from instance where name = 'desk-1'").all(),
    database.prepare("select * from credential where instance = 'desk-1'").all(),
    database.prepare("select * from signal_key where instance = 'desk-1' order by id").all(),
  ]);

const OF_ANOTHER = (column: string) => `(select ${column} from credential where instance = 'desk-2')`;
const CREDENTIALS = 'The stored credentials could not be read';
const KEYS = 'The stored keys could not be read';

describe('an instance of which, while no service runs,', () => {
  test.each([
    ['a bit of the credentials', 'credential set sealed_credentials = flip(sealed_credentials)', CREDENTIALS],
    ['a bit of the data key', 'credential set sealed_key = flip(sealed_key)', CREDENTIALS],
    [
      'the length of the credentials',
      'credential set sealed_credentials = substr(sealed_credentials, 1, 40)',
      CREDENTIALS,
    ],
    ['all of the credentials', "credential set sealed_credentials = x''", CREDENTIALS],
    [
      'the owner of the credentials',
      `credential set sealed_credentials = ${OF_ANOTHER('sealed_credentials')}`,
      CREDENTIALS,
    ],
    [
      'the owner of credentials and data key',
      `credential set (sealed_key, sealed_credentials) = ${OF_ANOTHER('sealed_key, sealed_credentials')}`,
      CREDENTIALS,
    ],
    ['a bit of each key', 'signal_key set sealed_value = flip(sealed_value)', KEYS],
    [
      'the place of each key',
      'signal_key set sealed_value = (select sealed_value from signal_key as other where other.instance = signal_key.instance and other.id <> signal_key.id limit 1)',
      KEYS,
    ],
    [
      'a bit of the phone number',
      'instance set sealed_phone_number = flip(sealed_phone_number)',
      CREDENTIALS,
    ],
    [
      'the owner of the phone number',
      "instance set sealed_phone_number = (select sealed_phone_number from instance where name = 'desk-2')",
      CREDENTIALS,
    ],
  ])('%s is changed says so, leaves it as it is, and the others work', async (_, change, reason) => {
    await using service = await startService({ simulator: { behaviour: { preKeys: 'asked' } } });
    const { phone } = await service.linked();
    await service.linked();
    const devices = phone.devices().map(({ device }) => device);
    await service.stop();
    edit(service, database => {
      const owner = change.startsWith('instance') ? 'name' : 'instance';
      expect(database.prepare(`update ${change} where ${owner} = 'desk-1'`).run().changes).toBeGreaterThan(0);
    });
    const damaged = stored(service);

    await service.start();
    const { client } = service;
    const { settings } = await client.call(Privacy.getPrivacySettings, { instance: 'desk-2' });
    expect(settings?.visibility).toBeDefined();
    const said = async () => (await client.call(Instances.getInstance, { instance: 'desk-1' })).instance;
    await vi.waitUntil(async () => (await said())?.stateReason === reason, { timeout: 10_000 });
    expect((await said())?.state).toBe(InstanceState.CONNECTING);
    const refusal = await failureOf(
      client.call(Privacy.getPrivacySettings, { instance: 'desk-1' }, { deadlineMs: 500 }),
    );
    expect(refusal.reason).toBe('INSTANCE_NOT_CONNECTED');
    await service.stop();
    expect(stored(service)).toEqual(damaged);
    expect(phone.devices().map(({ device }) => device)).toEqual(devices);
    await service.start();
  });
});
