import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  audiencesOf,
  camelCase,
  isValueOf,
  SETTING_NAMES,
  SETTINGS,
  settingOfCategory,
} from '../../../src/domain/settings/settings-table.js';

const proto = readFileSync(
  join(import.meta.dirname, '../../../proto/whatsapp/privacy/v1/privacy_settings.proto'),
  'utf8',
);

describe('the settings table', () => {
  test('names the wire category that the contract documents for each setting', () => {
    const documented = [...proto.matchAll(/`\w+\.(\w+)`; wire category `(\w+)`/g)];
    const fromTable = Object.fromEntries(
      SETTING_NAMES.map(name => [name, SETTINGS[name].category as string]),
    );
    expect(documented).toHaveLength(10);
    for (const [, setting, category] of documented) expect(fromTable[setting ?? '']).toBe(category);
    expect(SETTINGS.default_disappearing_timer.category).toBe('disappearing_mode');
  });

  test('has for each setting exactly the values that the contract documents', () => {
    const enums = [...proto.matchAll(/enum (\w+) \{([^}]*)\}/g)].filter(
      ([, name]) => name !== 'PrivacySetting',
    );
    const documented = enums.map(([, , body]) =>
      [...(body ?? '').matchAll(/\/\/ `([a-z0-9_]+)`/g)].map(m => m[1]),
    );
    const inTable = SETTING_NAMES.map(name => [...audiencesOf(name)].sort());
    expect(inTable.sort()).toEqual(documented.map(values => values.sort()).sort());
  });

  test('puts last_seen before online, whose match_last_seen follows it', () => {
    expect(SETTING_NAMES.indexOf('last_seen')).toBeLessThan(SETTING_NAMES.indexOf('online'));
  });

  test('finds a setting by its category and none for a stranger', () => {
    expect(settingOfCategory('readreceipts')).toBe('read_receipts');
    expect(settingOfCategory('pix')).toBeUndefined();
  });

  test('does not take a value of one setting for another', () => {
    expect(isValueOf('last_seen', 'none')).toBe(true);
    expect(isValueOf('group_add', 'none')).toBe(false);
    expect(isValueOf('online', 'contacts')).toBe(false);
  });

  test('spells names the way the messages of the contract do', () => {
    expect(camelCase('default_disappearing_timer')).toBe('defaultDisappearingTimer');
    expect(camelCase('status')).toBe('status');
  });
});
