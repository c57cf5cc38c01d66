import { readFileSync } from 'node:fs';
import {
  createFileRegistry,
  type DescEnum,
  type DescField,
  fromBinary,
  getOption,
  hasOption,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { encodeListSetting } from '../../src/contract/contact-blacklist.js';
import { encodeSetting, encodeValue, fieldPath } from '../../src/contract/setting-enums.js';
import { LIST_SETTINGS } from '../../src/domain/settings/contact-list.js';
import { audiencesOf, SETTING_NAMES, SETTINGS } from '../../src/domain/settings/settings-table.js';

const PACKAGE = 'whatsapp.privacy.v1';
const bytes = readFileSync(new URL('../../gen/descriptor.binpb', import.meta.url));
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));

const extension = (name: string) => {
  const found = registry.getExtension(`${PACKAGE}.${name}`);
  if (!found) throw new Error(`${name} is not in the descriptors`);
  return found;
};
const wireValue = extension('wire_value');
const wireCategory = extension('wire_category');

/** The numbers and the words of the values that have one. */
const wordsOf = ({ values }: DescEnum) =>
  values
    .filter(value => hasOption(value, wireValue))
    .map(value => [value.number, getOption(value, wireValue)]);

const enumNamed = (name: string) => registry.getEnum(`${PACKAGE}.${name}`) as DescEnum;
const byNumber = (pairs: [number | undefined, string][]) => pairs.sort(([a = 0], [b = 0]) => a - b);

/** The fields that hold a setting, by their path in a snapshot. */
const FIELDS = new Map<string, DescField>(
  ['Visibility', 'Privacy', 'Permissions'].flatMap(group =>
    (registry.getMessage(`${PACKAGE}.${group}`)?.fields ?? []).map(
      field => [`${group.toLowerCase()}.${field.name}`, field] as const,
    ),
  ),
);

describe.each(SETTING_NAMES)('the field of %s', setting => {
  const field = FIELDS.get(fieldPath(setting));

  test('tells the category of the table', () => {
    expect(field && getOption(field, wireCategory)).toBe(SETTINGS[setting].category);
  });

  test('has an enum with the words of the table, and no other', () => {
    expect(field?.enum && wordsOf(field.enum)).toEqual(
      byNumber(audiencesOf(setting).map(value => [encodeValue(setting, value), value])),
    );
  });
});

test('every field of a group, and no other, tells a category', () => {
  const told = [...registry].flatMap(type =>
    type.kind === 'message' ? type.fields.filter(field => hasOption(field, wireCategory)) : [],
  );
  expect(told).toHaveLength(FIELDS.size);
  expect(new Set(told)).toEqual(new Set(FIELDS.values()));
  expect(FIELDS.size).toBe(SETTING_NAMES.length);
});

test('the settings tell their categories', () => {
  expect(wordsOf(enumNamed('PrivacySetting'))).toEqual(
    byNumber(SETTING_NAMES.map(setting => [encodeSetting(setting), SETTINGS[setting].category])),
  );
  expect(wordsOf(enumNamed('ContactBlacklistSetting'))).toEqual(
    byNumber(LIST_SETTINGS.map(setting => [encodeListSetting(setting), SETTINGS[setting].category])),
  );
});

test('no other enum has words of the wire', () => {
  const withWords = [...registry]
    .filter(type => type.kind === 'enum')
    .filter(one => wordsOf(one).length > 0)
    .map(({ name }) => name);
  const ofFields = [...FIELDS.values()].map(field => field.enum?.name);
  expect(new Set(withWords)).toEqual(new Set([...ofFields, 'PrivacySetting', 'ContactBlacklistSetting']));
});
