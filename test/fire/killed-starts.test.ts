import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { createApp } from '../../src/app.js';
import { readConfig } from '../../src/config/config.js';
import { events } from '../../src/observability/events.js';
import { createLogger } from '../../src/observability/logger.js';
import { migrations } from '../../src/stores/migrations/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite.js';
import { MASTER_KEY } from '../stores/contract/records.js';
import { caller } from '../support/call.js';
import { contentsOf, makeOldData } from './support/old-data.js';
import { leave, watchRemains } from './support/remains.js';

const root = mkdtempSync(join(tmpdir(), 'wa-privacy-starts-'));
afterAll(() => rmSync(root, { recursive: true }));
const remains = watchRemains(root);
const newFolder = () => mkdtempSync(join(root, 'data-'));

/** A start as `serve` does it, up to where it takes calls. */
async function start(dataDir: string) {
  const env = {
    WA_PRIVACY_LISTEN: '127.0.0.1:0',
    WA_PRIVACY_DATA_DIR: dataDir,
    WA_PRIVACY_WHATSAPP_URL: 'ws://127.0.0.1:9',
  };
  const result = readConfig({ flags: {}, env });
  if (result.kind === 'mistakes') throw new Error(result.mistakes.join('\n'));
  return createApp(result.config, events(createLogger('silent')));
}

test('a first start that is killed anywhere is made up for by the next one', async () => {
  const folder = join(newFolder(), 'data');
  const left = await remains.of(folder, async () => (await start(folder)).stop());
  for (const each of left) {
    const dataDir = newFolder();
    leave(each, dataDir);
    const app = await start(dataDir).catch(cause => {
      throw new Error(`killed ${each.where}`, { cause });
    });
    const token = readFileSync(join(dataDir, 'account-token'), 'utf8').trim();
    const client = caller(`${app.host}:${app.port}`, token);
    expect((await client.call(Instances.createInstance, { name: 'desk' })).instance?.name).toBe('desk');
    client.close();
    await app.stop();
    rmSync(dataDir, { recursive: true });
  }
});

describe('data of each version before', () => {
  const NEW_KEY = Buffer.alloc(32, 'a new master key');
  const open = (folder: string) =>
    sqliteStore({
      file: join(folder, 'wa-privacy.db'),
      masterKey: NEW_KEY,
      previousMasterKey: MASTER_KEY,
    });

  const VERSIONS = Object.keys(migrations([]));
  const [oldest] = VERSIONS;

  test.each(VERSIONS)(
    'up to %s is whole after a start that was killed anywhere while it brought it up to date, under a new master key',
    async version => {
      const folder = newFolder();
      const contents = await makeOldData(folder, version);
      const left = await remains.of(folder, async () => (await open(folder)).close());
      // After its first migration a start is like one from the version that this makes: that has a turn of its own.
      const first = left.findIndex(({ where }) => where === 'after write: commit');
      for (const each of version === oldest || first < 0 ? left : left.slice(0, first)) {
        const dataDir = newFolder();
        leave(each, dataDir);
        const store = await open(dataDir).catch(cause => {
          throw new Error(`killed ${each.where}`, { cause });
        });
        expect(await contentsOf(store), `killed ${each.where}`).toEqual(contents);
        await store.close();
        rmSync(dataDir, { recursive: true });
      }
    },
  );

  test('is brought up to date by its own master key only, and left as it is by another', async () => {
    const folder = newFolder();
    const contents = await makeOldData(folder, '0008_presence');
    const file = join(folder, 'wa-privacy.db');
    await expect(sqliteStore({ file, masterKey: NEW_KEY })).rejects.toThrow(
      'The master key is not the one that this data was written with',
    );
    const store = await sqliteStore({ file, masterKey: MASTER_KEY });
    expect(await contentsOf(store)).toEqual(contents);
    await store.close();
  });
});
