import { create, createFileRegistry, type FileRegistry, fromBinary, getOption } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ServerReflectionRequest,
  ServerReflectionResponse,
} from '../../../gen/ts/grpc/reflection/v1/reflection.js';
import { type Api, openApi } from '../support/api.js';

const PACKAGE = 'whatsapp.privacy.v1';

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

type Asked = NonNullable<ServerReflectionRequest['messageRequest']>;
type Told = ServerReflectionResponse['messageResponse'];

/** Asks all on one stream; answers come in the order of the questions. */
const ask = (version: string, ...questions: Asked[]) =>
  new Promise<Told[]>((resolve, reject) => {
    const call = api.client.makeBidiStreamRequest(
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      (request: ServerReflectionRequest) => Buffer.from(ServerReflectionRequest.encode(request).finish()),
      (bytes: Buffer) => ServerReflectionResponse.decode(bytes),
    );
    const told: Told[] = [];
    call.on('data', ({ messageResponse }: ServerReflectionResponse) => told.push(messageResponse));
    call.on('error', reject);
    call.on('end', () => resolve(told));
    for (const messageRequest of questions) call.write({ host: '', messageRequest });
    call.end();
  });

const filesIn = (told: Told) =>
  told?.$case === 'fileDescriptorResponse'
    ? told.value.fileDescriptorProto.map(bytes => fromBinary(FileDescriptorProtoSchema, bytes))
    : [];

const symbol = (value: string): Asked => ({ $case: 'fileContainingSymbol', value });
/** What a client makes of an answer. */
const registryOf = (told: Told): FileRegistry =>
  createFileRegistry(create(FileDescriptorSetSchema, { file: filesIn(told).reverse() }));

describe.each(['v1', 'v1alpha'])('reflection %s', version => {
  test("brings WhatsApp's words on the values of an enum and on the fields", async () => {
    const [told] = await ask(version, symbol(`${PACKAGE}.Visibility`));
    const registry = registryOf(told);
    const [wireValue, wireCategory] = ['wire_value', 'wire_category'].map(name =>
      registry.getExtension(`${PACKAGE}.${name}`),
    );
    if (!wireValue || !wireCategory) throw new Error('the options are not described');
    const lastSeen = registry.getMessage(`${PACKAGE}.Visibility`)?.field['lastSeen'];
    expect(lastSeen && getOption(lastSeen, wireCategory)).toBe('last');
    expect(lastSeen?.enum?.values.map(value => getOption(value, wireValue))).toEqual([
      '',
      'all',
      'contacts',
      'contact_blacklist',
      'none',
    ]);
  });

  test('describes itself, and lists every service of the server', async () => {
    const itself = `grpc.reflection.${version}.ServerReflection`;
    const [list, file] = await ask(version, { $case: 'listServices', value: '' }, symbol(itself));
    const listed = list?.$case === 'listServicesResponse' ? list.value.service.map(({ name }) => name) : [];
    expect(listed).toEqual(
      expect.arrayContaining([itself, 'grpc.health.v1.Health', `${PACKAGE}.PrivacyService`]),
    );
    expect(filesIn(file)[0]?.service[0]?.name).toBe('ServerReflection');
  });
});

describe('a file', () => {
  test.each([
    ['its name', { $case: 'fileByFilename', value: 'whatsapp/privacy/v1/privacy_settings.proto' }],
    ['a message in it', symbol(`${PACKAGE}.PrivacySettings`)],
    ['a field', symbol(`${PACKAGE}.PrivacySettings.etag`)],
    ['an enum', symbol(`${PACKAGE}.LastSeenVisibility`)],
    ['a value of an enum', symbol(`${PACKAGE}.LAST_SEEN_VISIBILITY_ALL`)],
    ['a value within its enum', symbol(`${PACKAGE}.LastSeenVisibility.LAST_SEEN_VISIBILITY_ALL`)],
  ] as [string, Asked][])('is found by %s', async (_, question) => {
    const [told] = await ask('v1', question);
    expect(filesIn(told)[0]?.name).toBe('whatsapp/privacy/v1/privacy_settings.proto');
  });

  test.each([
    ['a service', `${PACKAGE}.PrivacyService`],
    ['a method', `${PACKAGE}.PrivacyService.GetPrivacySettings`],
    ['a message within a message', `${PACKAGE}.PrivacyChange.Actor`],
    ['a choice', `${PACKAGE}.BlacklistEntry.id`],
  ])('is found by %s', async (_, name) => {
    const [told] = await ask('v1', symbol(name));
    expect(filesIn(told)[0]?.name).toBe('whatsapp/privacy/v1/privacy_service.proto');
  });

  test('is found by an extension, whose numbers are told', async () => {
    const containingType = 'google.protobuf.EnumValueOptions';
    const [numbers] = await ask('v1', { $case: 'allExtensionNumbersOfType', value: containingType });
    const found = numbers?.$case === 'allExtensionNumbersResponse' ? numbers.value.extensionNumber : [];
    expect(found).toHaveLength(1);
    const [told] = await ask('v1', {
      $case: 'fileContainingExtension',
      value: { containingType, extensionNumber: found[0] ?? 0 },
    });
    expect(filesIn(told)[0]?.name).toBe('whatsapp/privacy/v1/wire.proto');
  });

  test('comes with all that it needs, and on one stream brings each of that once', async () => {
    const [first, again, other] = await ask(
      'v1',
      symbol(`${PACKAGE}.PrivacySettings`),
      symbol(`${PACKAGE}.PrivacySettings`),
      symbol(`${PACKAGE}.SettingOutcome`),
    );
    const names = (told: Told) => filesIn(told).map(({ name }) => name);
    expect(names(first).sort()).toEqual([
      'google/api/field_behavior.proto',
      'google/protobuf/descriptor.proto',
      'google/protobuf/timestamp.proto',
      'whatsapp/privacy/v1/privacy_settings.proto',
      'whatsapp/privacy/v1/wire.proto',
    ]);
    expect(names(again)).toEqual(['whatsapp/privacy/v1/privacy_settings.proto']);
    expect(names(other)).toEqual(['whatsapp/privacy/v1/errors.proto']);
  });
});

test('what nobody has is not found, on a stream that goes on', async () => {
  const told = await ask(
    'v1',
    symbol('another.Service'),
    { $case: 'fileByFilename', value: 'another.proto' },
    { $case: 'fileContainingExtension', value: { containingType: 'another.Type', extensionNumber: 1 } },
    { $case: 'allExtensionNumbersOfType', value: 'another.Type' },
    symbol(`${PACKAGE}.PrivacyService`),
  );
  expect(told.slice(0, 4).map(one => one?.$case === 'errorResponse' && one.value.errorCode)).toEqual(
    Array(4).fill(status.NOT_FOUND),
  );
  expect(filesIn(told[4])).not.toHaveLength(0);
});
