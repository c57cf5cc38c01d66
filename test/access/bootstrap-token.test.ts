import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bootstrapToken } from '../../src/access/bootstrap-token.js';
import { createSecretFile, readSecretFile } from '../../src/access/secret-file.js';
import { temporaryFolder } from '../stores/sqlite-data.js';

describe('without a configured secret', () => {
  test('the first start makes one for this user alone, and the next finds it', () => {
    const folder = join(temporaryFolder(), 'data');
    const file = join(folder, 'account-token');
    const first = bootstrapToken({ configured: undefined, folder });
    expect(first).toEqual({ secret: expect.stringMatching(/^wap_[A-Za-z0-9_-]{43}$/), writtenTo: file });
    expect(readFileSync(file, 'utf8')).toBe(`${first.secret}\n`);
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    expect(readdirSync(folder)).toEqual(['account-token']);
    const second = bootstrapToken({ configured: undefined, folder });
    expect(second).toEqual({ secret: first.secret, writtenTo: undefined });
  });

  test('a file that everybody can read, or without a good secret, is refused', () => {
    const folder = temporaryFolder();
    const file = join(folder, 'account-token');
    writeFileSync(file, 'too short', { mode: 0o600 });
    expect(() => bootstrapToken({ configured: undefined, folder })).toThrow(`${file} is not 16 to 512`);
    chmodSync(file, 0o604);
    expect(() => bootstrapToken({ configured: undefined, folder })).toThrow(`chmod 600 ${file}`);
  });
});

describe('a configured secret', () => {
  test('is taken and no file is made', () => {
    const folder = temporaryFolder();
    const configured = 'sixteen-letters!';
    expect(bootstrapToken({ configured, folder })).toEqual({ secret: configured, writtenTo: undefined });
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each(['', 'fifteen-letters', 'with a space inside', 'sixteen-lettérs!', 'sixteen-letters!\n'])(
    '%j is refused without being repeated in the error',
    configured => {
      expect(() => bootstrapToken({ configured, folder: temporaryFolder() })).toThrow(
        /^The configured account token is not 16 to 512 characters of ASCII without spaces and commas$/,
      );
    },
  );
});

describe('a secret file', () => {
  test('that is there is never overwritten', () => {
    const file = join(temporaryFolder(), 'secret');
    expect(createSecretFile(file, 'one')).toBe(true);
    expect(createSecretFile(file, 'two')).toBe(false);
    expect(readSecretFile(file)).toBe('one');
  });

  test('is written although an earlier start died half way', () => {
    const folder = temporaryFolder();
    const file = join(folder, 'secret');
    writeFileSync(`${file}.${process.pid}`, 'half', { mode: 0o644 });
    expect(createSecretFile(file, 'whole')).toBe(true);
    expect(readSecretFile(file)).toBe('whole');
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    expect(readdirSync(folder)).toEqual(['secret']);
  });

  test('that is not there reads as undefined, and one that cannot be read is an error', () => {
    const folder = temporaryFolder();
    expect(readSecretFile(join(folder, 'secret'))).toBeUndefined();
    expect(() => readSecretFile(folder)).toThrow();
  });
});
