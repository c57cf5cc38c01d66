import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import config from '../../clients/service-config.json' with { type: 'json' };
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { type Caller, caller, failureOf, OWN_CONNECTION } from '../support/call.js';
import { ACCOUNT_TOKEN, type Service, startService } from '../support/service.js';

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

test('the README has the service config as it is', () => {
  const read = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
  expect(read('README.md')).toContain(`\`\`\`json\n${read('clients/service-config.json')}\`\`\``);
});

describe('a client with the service config', () => {
  let service: Service;
  let client: Caller;
  beforeAll(async () => {
    service = await startService();
    const options = { ...OWN_CONNECTION, 'grpc.service_config': JSON.stringify(config) };
    client = caller(service.address, ACCOUNT_TOKEN, options);
  });
  afterAll(async () => {
    client.close();
    await service[Symbol.asyncDispose]();
  });

  test('hears nothing of a failure that passes', async () => {
    const { instance, phone } = await service.linked();
    const { phoneNumber } = phone;
    const fault = service.simulator.inject({
      match: { on: 'privacy_get', phoneNumber },
      effect: { do: 'refuse', code: 503 },
    });
    expect(await client.call(Privacy.getPrivacySettings, { instance })).toHaveProperty('settings.etag');
    expect(fault.hits()).toBe(1);
  });

  test('gets a failure with its details when the next attempt comes too late', async () => {
    const { instance, phone } = await service.linked();
    service.simulator.behaviour.refuseClients = true;
    phone.dropConnections('close');
    const { code, reason, details } = await failureOf(
      client.call(Privacy.getPrivacySettings, { instance }, { deadlineMs: 20_000 }),
    );
    expect([code, reason]).toEqual([status.UNAVAILABLE, 'CLIENT_OUTDATED']);
    expect(Number(details['google.rpc.RetryInfo']?.retryDelay?.seconds)).toBeGreaterThan(20);
  });
});
