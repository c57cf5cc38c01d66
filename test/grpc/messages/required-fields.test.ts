import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  getOption,
  type Message,
  toBinary,
} from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { descriptors, inputOf } from '../../../src/contract/descriptors.js';
import { type Api, openApi } from '../support/api.js';
import { invoke } from '../support/invoke.js';
import { type AnyMethod, METHODS, shortName } from '../support/methods.js';
import { rowOf } from '../support/rows.js';

const REQUIRED = 2;
/** Required only of a request that has no label_selector either, which no option can say. */
const ONLY_WITHOUT_ANOTHER = ['instances'];

let api: Api;
beforeAll(async () => {
  api = await openApi();
  await api.addInstance('desk');
});
afterAll(() => api.close());

function isRequired(field: DescField): boolean {
  const behavior = descriptors().getExtension('google.api.field_behavior');
  if (!behavior) throw new Error('no field of the contract has a behavior');
  return (getOption(field, behavior) as number[]).includes(REQUIRED);
}

/** The required fields of a request, and those of the messages that it may hold beside them. */
const requiredOf = (type: DescMessage): { within?: DescField; field: DescField }[] => [
  ...type.fields.filter(isRequired).map(field => ({ field })),
  ...type.fields.flatMap(within =>
    within.fieldKind === 'message'
      ? within.message.fields.filter(isRequired).map(field => ({ within, field }))
      : [],
  ),
];

const CASES = METHODS.flatMap(method =>
  requiredOf(inputOf(method.path)).map(({ within, field }) => ({
    method,
    within,
    field,
    name: shortName(method),
    path: within ? `${within.name}.${field.name}` : field.name,
  })),
);

function validRequest(method: AnyMethod): Message {
  const request = { ...method.requestDeserialize(Buffer.of()), ...rowOf(method).request('desk', 'absent') };
  return fromBinary(inputOf(method.path), method.requestSerialize(request));
}

async function requiredBy(method: AnyMethod, request: Message): Promise<string[]> {
  const ended = await invoke(api, method, Buffer.from(toBinary(inputOf(method.path), request)));
  const violations = ended.detail('google.rpc.BadRequest')?.fieldViolations ?? [];
  return violations.filter(({ reason }) => reason === 'REQUIRED').map(({ field }) => field);
}

describe('a field that the contract calls REQUIRED', () => {
  test.each(CASES)('is missed by $name: $path', async ({ method, within, field, path }) => {
    const type = inputOf(method.path);
    const request = validRequest(method);
    if (within?.message) reflect(type, request).set(within, reflect(within.message, create(within.message)));
    else reflect(type, request).clear(field);
    expect(await requiredBy(method, request)).toEqual([path]);
  });

  const METHODS_OF_REQUESTS = METHODS.map(method => ({ method, name: shortName(method) })).filter(
    ({ name }) => name !== 'PrivacyService/WatchPrivacySettings', // which would go on
  );

  test.each(METHODS_OF_REQUESTS)('is all that an empty request to $name lacks', async ({ method }) => {
    const { fields } = inputOf(method.path);
    const missed = await requiredBy(method, create(inputOf(method.path)));
    const told = fields.map(({ name }) => name).filter(name => missed.includes(name));
    const required = fields.filter(isRequired).map(({ name }) => name);
    expect(told.filter(name => !ONLY_WITHOUT_ANOTHER.includes(name))).toEqual(required);
  });
});
