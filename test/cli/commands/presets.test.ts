import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/config/config.js';
import { PRESETS } from '../../../src/domain/settings/presets.js';
import { isValueOf, type Setting, specOf } from '../../../src/domain/settings/settings-table.js';
import { wantedValues } from '../../../src/input/presets.js';
import { UsageError } from '../../../src/input/usage-error.js';

const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-presets-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const wanted = async (texts: string[], path?: string) => Object.fromEntries(await wantedValues(texts, path));
const mistakesIn = (texts: string[], path?: string): Promise<readonly string[]> =>
  wantedValues(texts, path).then(
    () => [],
    (error: unknown) => {
      if (error instanceof UsageError) return error.mistakes;
      throw error;
    },
  );

describe('the built-in presets', () => {
  test('hold values that can be set', () => {
    for (const { values } of Object.values(PRESETS))
      for (const [setting, value] of Object.entries(values) as [Setting, string][]) {
        expect(isValueOf(setting, value)).toBe(true);
        expect(specOf(setting).access).toBe('read_write');
      }
  });

  test('are the three that the origin documents', async () => {
    expect(await wanted(['preset=restrictive'])).toEqual({
      last_seen: 'none',
      status: 'none',
      profile: 'none',
      online: 'match_last_seen',
      read_receipts: 'none',
      call_add: 'known',
      group_add: 'contacts',
    });
    expect(await wanted(['preset=groups-by-contacts'])).toEqual({ group_add: 'contacts' });
    expect(await wanted(['preset=no-read-receipts'])).toEqual({ read_receipts: 'none' });
  });

  test('can be combined, and a value given by itself wins, wherever it stands', async () => {
    expect(await wanted(['group_add=all', 'preset=no-read-receipts', 'preset=groups-by-contacts'])).toEqual({
      read_receipts: 'none',
      group_add: 'all',
    });
  });
});

describe('presets of a configuration file', () => {
  const own = file(
    'own.toml',
    'log_level = "info"\n[presets.office]\nlast_seen = "contacts"\ndefault_disappearing_timer = 86400\n',
  );

  test('are used like the others, with numbers as they are', async () => {
    expect(await wanted(['preset=office', 'preset=no-read-receipts'], own)).toEqual({
      last_seen: 'contacts',
      default_disappearing_timer: '86400',
      read_receipts: 'none',
    });
  });

  test('are no mistake in the configuration of the service', () => {
    expect(readConfig({ env: { WA_PRIVACY_CONFIG: own }, flags: {} }).kind).toBe('config');
  });

  test('are not looked for when all are built in', async () => {
    expect(await wanted(['preset=no-read-receipts'], join(folder, 'nowhere.toml'))).toEqual({
      read_receipts: 'none',
    });
  });

  test('are wrong in every way at once, for commands and for the service', async () => {
    const path = file(
      'wrong.toml',
      '[presets]\nflat = "none"\n[presets.office]\nlast_seen = "nobody"\nstickers = "none"\nonlin = "all"\n' +
        '[presets.restrictive]\nlast_seen = "all"\n[presets.empty]\n',
    );
    const wrong = [
      `presets.flat in ${path}: must be a table`,
      expect.stringMatching(/^presets\.office in .*: last_seen=nobody: no such value/),
      `presets.office in ${path}: stickers=none: stickers cannot be changed through this service`,
      expect.stringMatching(/^presets\.office in .*: onlin=all: no such setting; did you mean online\?/),
      `presets.restrictive in ${path}: this preset is built in; choose another name`,
      `presets.empty in ${path}: has no setting`,
    ];
    const ofService = readConfig({ env: { WA_PRIVACY_CONFIG: path }, flags: {} });
    expect(ofService).toEqual({ kind: 'mistakes', mistakes: wrong });
    expect(await mistakesIn(['status=nobody', 'preset=ofice'], path)).toEqual([
      expect.stringMatching(/^status=nobody: no such value/),
      ...wrong,
      'preset=ofice: no such preset; did you mean office? ' +
        '(one of restrictive, groups-by-contacts, no-read-receipts, office, empty)',
    ]);
  });
});

test('a preset that does not exist is named, with those that do', async () => {
  expect(await mistakesIn(['preset=restricted'])).toEqual([
    'preset=restricted: no such preset; did you mean restrictive? ' +
      '(one of restrictive, groups-by-contacts, no-read-receipts)',
  ]);
});

test('nothing asked for is a mistake', async () => {
  expect(await mistakesIn([])).toEqual(['give at least one SETTING=VALUE, or a preset']);
});
