import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import config from '../../clients/service-config.json' with { type: 'json' };

const { file } = fromBinary(
  FileDescriptorSetSchema,
  readFileSync(join(import.meta.dirname, '../../gen/descriptor.binpb')),
);

test('the service config retries every method that has no side effects, and no other', () => {
  const harmless = file
    .filter(({ package: name }) => name.startsWith('whatsapp.'))
    .flatMap(({ service, package: name }) =>
      service.flatMap(({ name: own, method }) =>
        method
          .filter(
            ({ options }) => options?.idempotencyLevel === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
          )
          .map(({ name: method }) => `${name}.${own}/${method}`),
      ),
    );
  const retried = config.methodConfig.flatMap(({ name }) =>
    name.map(({ service, method }) => `${service}/${method}`),
  );
  expect(retried.sort()).toEqual(harmless.sort());
});
