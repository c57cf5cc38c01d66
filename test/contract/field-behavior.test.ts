import { type DescField, type DescMessage, getOption } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { descriptors, inputOf } from '../../src/contract/descriptors.js';
import { fieldPath } from '../../src/contract/setting-enums.js';
import { SETTING_NAMES, SETTINGS } from '../../src/domain/settings/settings-table.js';
import { METHODS } from '../grpc/support/methods.js';

const OUTPUT_ONLY = 3;

function isOutputOnly(field: DescField): boolean {
  const behavior = descriptors().getExtension('google.api.field_behavior');
  return behavior !== undefined && (getOption(field, behavior) as number[]).includes(OUTPUT_ONLY);
}

/** The paths of the fields of a request that only answers should hold. */
const outputOnlyIn = (type: DescMessage): string[] =>
  type.fields.flatMap(field => {
    if (isOutputOnly(field)) return [field.name];
    const inner = field.fieldKind === 'message' || field.fieldKind === 'list' ? field.message : undefined;
    return inner ? outputOnlyIn(inner).map(path => `${field.name}.${path}`) : [];
  });

test('requests hold no OUTPUT_ONLY field but the settings that cannot be changed', () => {
  const readOnly = SETTING_NAMES.filter(setting => SETTINGS[setting].access === 'read_only').map(fieldPath);
  expect(readOnly.length).toBeGreaterThan(0);
  for (const { path } of METHODS) {
    const changesSettings = /(?:Update|Apply)PrivacySettings$/.test(path);
    const found = outputOnlyIn(inputOf(path)).toSorted();
    expect({ path, found }).toEqual({ path, found: changesSettings ? readOnly.toSorted() : [] });
  }
});
