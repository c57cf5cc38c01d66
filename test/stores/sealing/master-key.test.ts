import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { masterKey } from '../../../src/stores/sealing/master-key.js';
import { sqliteStore } from '../../../src/stores/sqlite/sqlite.js';
import { temporaryFolder } from '../sqlite-data.js';

const paths = () => {
  const folder = join(temporaryFolder(), 'data');
  return { folder, file: join(folder, 'master-key'), database: join(folder, 'wa-privacy.db') };
};

describe('without a configured key', () => {
  test('the first start makes one for this user alone, and the next finds it', () => {
    const { folder, file, database } = paths();
    const first = masterKey({ configured: undefined, folder, database });
    expect(first.generated).toBe(true);
    expect(first.key).toHaveLength(32);
    expect(readFileSync(file, 'utf8')).toBe(`${first.key.toString('base64')}\n`);
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    expect((statSync(folder).mode & 0o777).toString(8)).toBe('700');
    expect(readdirSync(folder)).toEqual(['master-key']);
    expect(masterKey({ configured: undefined, folder, database })).toEqual({
      key: first.key,
      generated: false,
    });
  });

  test('two data folders have different keys', () => {
    const keys = [paths(), paths()].map(each => masterKey({ configured: undefined, ...each }).key);
    expect(keys[0]).not.toEqual(keys[1]);
  });

  test('a key file that everybody can read is refused', () => {
    const { folder, file, database } = paths();
    masterKey({ configured: undefined, folder, database });
    chmodSync(file, 0o604);
    expect(() => masterKey({ configured: undefined, folder, database })).toThrow(`chmod 600 ${file}`);
  });

  test.each(['', 'short', Buffer.alloc(31).toString('base64'), 'not base64!'])(
    'a key file that holds %j is refused and left as it is',
    content => {
      const { folder, file, database } = paths();
      masterKey({ configured: undefined, folder, database });
      writeFileSync(file, content);
      expect(() => masterKey({ configured: undefined, folder, database })).toThrow(`${file} is not 32 bytes`);
      expect(readFileSync(file, 'utf8')).toBe(content);
    },
  );

  test('no new key is made for data that was written with another', async () => {
    const { folder, file, database } = paths();
    const store = await sqliteStore({ file: database, masterKey: Buffer.alloc(32) });
    await store.close();
    expect(() => masterKey({ configured: undefined, folder, database })).toThrow(
      `none is configured and ${file} is missing`,
    );
    expect(readdirSync(folder)).toEqual(['wa-privacy.db', 'wa-privacy.db.epoch']);
  });
});

describe('with a configured key', () => {
  test('that key is taken and no file is made', () => {
    const configured = Buffer.alloc(32, 'k');
    const { folder, database } = paths();
    expect(masterKey({ configured: configured.toString('base64'), folder, database })).toEqual({
      key: configured,
      generated: false,
    });
    expect(() => readdirSync(folder)).toThrow('ENOENT');
  });

  test.each(['', 'secret', Buffer.alloc(33).toString('base64'), Buffer.alloc(32).toString('hex')])(
    '%j is refused without being repeated in the error',
    configured => {
      expect(() => masterKey({ configured, ...paths() })).toThrow(
        /^The configured master key is not 32 bytes in base64 \(make one with: openssl rand -base64 32\)$/,
      );
    },
  );
});
