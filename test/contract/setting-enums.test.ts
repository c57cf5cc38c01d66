import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PrivacySetting } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import {
  decodeValue,
  decodeWish,
  encodeSetting,
  encodeValue,
  fieldPath,
} from '../../src/contract/setting-enums.js';
import { audiencesOf, SETTING_NAMES, SETTINGS } from '../../src/domain/settings/settings-table.js';

const proto = readFileSync(
  new URL('../../proto/whatsapp/privacy/v1/privacy_settings.proto', import.meta.url),
  'utf8',
);
const bodyOf = (kind: 'enum' | 'message', name: string) =>
  new RegExp(`^${kind} ${name} \\{([\\s\\S]*?)^\\}`, 'm').exec(proto)?.[1] ?? '';

/** The type of a setting's field in the contract. */
const enumOf = (path: string) => {
  const [group = '', field = ''] = path.split('.');
  const message = group[0]?.toUpperCase() + group.slice(1);
  return new RegExp(`optional (\\w+) ${field} =`).exec(bodyOf('message', message))?.[1] ?? '';
};
/** The members whose comment starts with a wire value. */
const documentedValues = (name: string) =>
  [...bodyOf('enum', name).matchAll(/\/\/ `(\w+)`(?:.*\n\s*\/\/.*)*.*\n\s*\w+ = (\d+)\b.*;/g)].map(
    ([, value = '', number]) => [value, Number(number)] as const,
  );

describe.each(SETTING_NAMES.map(name => [name] as const))('%s', setting => {
  test('has the field and the category that the contract documents', () => {
    const comment = new RegExp(
      `// \`(\\S+)\`(.*)\\n\\s*PRIVACY_SETTING_\\w+ = ${encodeSetting(setting)}\\b`,
    ).exec(proto);
    expect(comment?.[1]).toBe(fieldPath(setting));
    expect(comment?.[2]).toContain(`\`${SETTINGS[setting].category}\``);
  });

  test('has the numbers that the contract documents for its values', () => {
    const documented = documentedValues(enumOf(fieldPath(setting)));
    expect(documented).toHaveLength(audiencesOf(setting).length);
    for (const [value, number] of documented) {
      expect([value, encodeValue(setting, value)]).toEqual([value, number]);
      expect(decodeValue(setting, number)).toBe(value);
    }
  });

  test('takes a value in an update unless the contract says that it is only read', () => {
    const body = bodyOf('enum', enumOf(fieldPath(setting)));
    for (const [value, number] of documentedValues(enumOf(fieldPath(setting)))) {
      const comment = new RegExp(`// \`${value}\`(.*(?:\\n\\s*//.*)*)`).exec(body)?.[1] ?? '';
      expect([value, decodeWish(setting, number)]).toEqual([
        value,
        comment.includes('Only read') ? undefined : value,
      ]);
    }
  });

  test('has no value for a number of no meaning', () => {
    for (const number of [0, -1, 99]) expect(decodeValue(setting, number)).toBeUndefined();
  });
});

test('every PrivacySetting is in the table', () => {
  const numbers = Object.values(PrivacySetting).filter(value => typeof value === 'number');
  expect(new Set([0, ...SETTING_NAMES.map(encodeSetting)])).toEqual(new Set(numbers));
});
