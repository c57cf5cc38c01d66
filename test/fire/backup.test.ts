import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import {
  Token_Access as Access,
  Token_Kind as Kind,
  TokenServiceService as Tokens,
} from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite.js';
import { run } from '../cli/support/run.js';
import { instanceRecord } from '../stores/contract/records.js';
import { bearer, type Caller } from '../support/call.js';
import { expectUsable, INSTANCE } from './support/checks.js';
import { createLinked } from './support/link.js';
import { COMPILE_CACHE, openScene, type Scene, TOKEN } from './support/scene.js';

const CHILD = join(import.meta.dirname, 'child');
const KILLED = [
  '--import',
  join(CHILD, '../../stores/child/typescript.mjs'),
  '--import',
  join(CHILD, 'kill-at.ts'),
];

let scene: Scene;
/** The secret of an instance token, which is in the backup. */
let secret: string;
let folder: string;
let backup: string;
beforeAll(async () => {
  scene = await openScene();
  const service = scene.start();
  const client = await service.client;
  await createLinked(scene, client);
  secret = (
    await client.call(Tokens.createToken, {
      kind: Kind.INSTANCE,
      instance: INSTANCE,
      access: Access.READ_WRITE,
    })
  ).secret;

  folder = join(scene.dataDir, '..');
  backup = join(folder, 'all.backup');
  const changing = changes(client);
  const { code, stdout, stderr } = await save(client, backup);
  await changing.stop();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^master key +[0-9a-f]{8}, not in it/m);
  await service.end('SIGTERM');
  await scene.quiet();
});
afterAll(() => scene[Symbol.asyncDispose]());

/** Changes a setting again and again. */
function changes(client: Caller) {
  let goesOn = true;
  const done = (async () => {
    for (let turn = 0; goesOn; turn++) {
      const lastSeen = turn % 2 === 0 ? LastSeenVisibility.NONE : LastSeenVisibility.ALL;
      const request = { instance: INSTANCE, requestId: randomUUID(), visibility: { lastSeen } };
      await client.call(Privacy.updatePrivacySettings, request);
    }
  })();
  return {
    stop: () => {
      goesOn = false;
      return done;
    },
  };
}

const save = ({ address }: { address?: string }, file: string, ...flags: string[]) =>
  run(['backup', file, ...flags], { env: { WA_PRIVACY_SERVER: address ?? '', WA_PRIVACY_TOKEN: TOKEN } });

const restore = (dataDir: string, flags: readonly string[] = [], env = {}, node: readonly string[] = []) =>
  run(['restore', backup, ...flags], {
    env: { WA_PRIVACY_MASTER_KEY: scene.masterKey(), ...env, WA_PRIVACY_DATA_DIR: dataDir },
    node,
  });

const newFolder = () => mkdtempSync(join(folder, 'restored-'));
const databaseIn = (dataDir: string) => join(dataDir, 'wa-privacy.db');

/** The names of the instances in a folder, as a service that starts there finds them. */
async function instancesIn(dataDir: string): Promise<string[]> {
  const masterKey = Buffer.from(scene.masterKey(), 'base64');
  const store = await sqliteStore({ file: databaseIn(dataDir), masterKey });
  const names = (await store.instances.list()).map(({ name }) => name);
  await store.close();
  return names;
}

/** Starts a service in a folder, and finds there what was backed up. */
async function expectRestored(dataDir: string) {
  const service = scene.load({ env: { WA_PRIVACY_DATA_DIR: dataDir } });
  await service.serve();
  const client = await service.client;
  await expectUsable(scene, client);
  const { instance } = await client.call(
    Instances.getInstance,
    { instance: INSTANCE },
    { metadata: bearer(secret) },
  );
  expect(instance?.name).toBe(INSTANCE);
  const { changes: history } = await client.call(Privacy.listPrivacyChanges, { instance: INSTANCE });
  expect(history.length).toBeGreaterThan(0);
  await service.end('SIGTERM');
  await scene.quiet();
}

describe('a backup that was made while settings changed', () => {
  test('is for its owner alone and leaves nothing else behind', () => {
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter(name => name.includes('backup'))).toEqual(['all.backup']);
    expect(readdirSync(scene.dataDir).filter(name => name.includes('draft'))).toEqual([]);
  });

  test('holds neither the master key nor a token', () => {
    const bytes = readFileSync(backup);
    const key = Buffer.from(scene.masterKey(), 'base64');
    for (const hidden of [key, scene.masterKey(), key.toString('hex'), TOKEN, secret])
      expect(bytes.includes(hidden)).toBe(false);
  });

  test('brings links, tokens and history back in a new folder', async () => {
    const dataDir = newFolder();
    const { code, stdout, stderr } = await restore(dataDir);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('revoked since work again');
    expect(readdirSync(dataDir)).toEqual(['wa-privacy.db']);
    expect(statSync(databaseIn(dataDir)).mode & 0o777).toBe(0o600);
    await expectRestored(dataDir);
  });

  test('replaces a database that has gone on only when told to, and that is kept', async () => {
    const later = scene.start();
    await (await later.client).call(Instances.createInstance, { name: 'later' });
    await later.end('SIGKILL');
    await scene.quiet();

    const refused = await restore(scene.dataDir);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('with --force it is kept') });
    expect(await instancesIn(scene.dataDir)).toEqual([INSTANCE, 'later']);
    const { code, stdout } = await restore(scene.dataDir, ['--force']);
    expect(code).toBe(0);
    await expectRestored(scene.dataDir);

    const [, kept = ''] = /kept as (\S+);/.exec(stdout) ?? [];
    const before = newFolder();
    renameSync(kept, databaseIn(before));
    expect(await instancesIn(before)).toEqual([INSTANCE, 'later']);
  });
});

describe('restore leaves everything as it is', () => {
  test('while a service uses the folder', async () => {
    const service = scene.start();
    const client = await service.client;
    const { code, stderr } = await restore(scene.dataDir, ['--force']);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('stop the service') });
    await expectUsable(scene, client);
    await service.end('SIGTERM');
    await scene.quiet();
  });

  test.each([
    ['of another master key', {}, 'not the one that the backup was made with'],
    ['that was changed', { bytes: (file: Buffer) => (file[9000] = (file[9000] ?? 0) ^ 1) }, 'checksum'],
    ['that is cut off', { length: -1 }, 'cut off'],
    ['that is none', { length: 100, bytes: (file: Buffer) => file.fill('x') }, 'is no backup'],
  ])(
    'for a backup %s',
    async (_, damage: { bytes?: (file: Buffer) => unknown; length?: number }, message) => {
      const dataDir = newFolder();
      const whole = readFileSync(backup);
      const other = join(dataDir, 'other.backup');
      const bytes = Buffer.from(whole);
      damage.bytes?.(bytes);
      writeFileSync(other, bytes.subarray(0, damage.length ?? bytes.length));
      const isKey = Object.keys(damage).length === 0;
      const { code, stderr } = await run(['restore', other], {
        env: {
          WA_PRIVACY_DATA_DIR: dataDir,
          WA_PRIVACY_MASTER_KEY: isKey ? Buffer.alloc(32).toString('base64') : scene.masterKey(),
        },
      });
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) });
      expect(readdirSync(dataDir)).toEqual(['other.backup']);
    },
  );
});

test('backup replaces no file unless it is told to, and leaves it when it fails', async () => {
  const file = join(newFolder(), 'mine');
  writeFileSync(file, 'mine');
  const nobody = { address: '127.0.0.1:1' };
  expect(await save(nobody, file)).toMatchObject({ code: 2, stderr: expect.stringContaining('--force') });
  expect(await save(nobody, file, '--force', '--timeout', '1s')).toMatchObject({ code: 1 });
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect(readdirSync(join(file, '..'))).toEqual(['mine']);
});

test('restore, killed at any point, leaves the database before or the restored one, whole', async () => {
  const before = newFolder();
  const masterKey = Buffer.from(scene.masterKey(), 'base64');
  const store = await sqliteStore({ file: databaseIn(before), masterKey });
  await store.instances.create(instanceRecord('before'));
  const found = new Set<string>();
  for (let point = 0; ; point++) {
    const dataDir = newFolder();
    // With its WAL, as a service that was killed leaves it.
    cpSync(before, dataDir, { recursive: true });
    expect(readdirSync(dataDir)).toContain('wa-privacy.db-wal');
    const { code, stderr } = await restore(
      dataDir,
      ['--force'],
      { KILL_AT: String(point), NODE_COMPILE_CACHE: COMPILE_CACHE },
      KILLED,
    );
    const names = await instancesIn(dataDir);
    expect([['before'], [INSTANCE]], `killed at ${point}`).toContainEqual(names);
    expect(readdirSync(dataDir).filter(name => name.includes('draft'))).toEqual([]);
    found.add(String(names));
    if (code !== null) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(point).toBeGreaterThan(10);
      break;
    }
  }
  await store.close();
  expect([...found].sort()).toEqual(['before', INSTANCE]);
});
