import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ErrorInfo } from '../../gen/ts/google/rpc/error_details.js';
import {
  BatchCreateInstancesRequest,
  type BatchCreateInstancesResponse,
  type CreateInstanceRequest,
  InstanceServiceService as Instances,
  BatchCreateInstancesResponse as Response,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  Token_Access as Access,
  Token_Kind as Kind,
  TokenServiceService as Tokens,
} from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { LARGEST_MESSAGE } from '../../src/contract/sizes.js';
import { NEW_INSTANCE } from '../grpc/support/rows.js';
import { bearer, CallError } from '../support/call.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

const batch = (wanted: readonly Partial<CreateInstanceRequest>[], requestId = '') =>
  service.client.call(Instances.batchCreateInstances, {
    requests: wanted.map(one => ({ ...NEW_INSTANCE, ...one })),
    requestId,
  });

/** The name of each that was made, the reason of each that was not. */
const inShort = ({ entries }: BatchCreateInstancesResponse) =>
  entries.map(({ result }) => {
    if (result?.$case === 'success') return result.value.instance?.name;
    const info = result?.value.details.find(({ typeUrl }) => typeUrl.endsWith('google.rpc.ErrorInfo'));
    return info && ErrorInfo.decode(info.value).reason;
  });
const secretsOf = ({ entries }: BatchCreateInstancesResponse) =>
  entries.flatMap(({ result }) => (result?.$case === 'success' ? [result.value.secret] : []));

test('each instance is made with its token, and what is wrong with one is told in its place', async () => {
  const response = await batch([
    { name: 'a', labels: { env: 'prod' } },
    { name: 'No!' },
    { name: 'a' },
    { name: 'b', requestId: '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11' },
    { labels: { Env: '' } },
    { name: 'c' },
  ]);
  expect(inShort(response)).toEqual([
    'a',
    'INVALID_REQUEST',
    'INSTANCE_ALREADY_EXISTS',
    'INVALID_REQUEST',
    'INVALID_REQUEST',
    'c',
  ]);
  for (const [index, secret] of secretsOf(response).entries()) {
    const instance = ['a', 'c'][index] ?? '';
    const made = await service.client.call(Instances.getInstance, { instance }, { metadata: bearer(secret) });
    expect(made.instance?.labels).toEqual(index === 0 ? { env: 'prod' } : {});
  }
});

test('a repetition with the request_id gets the first answer, also after a restart; another request does not', async () => {
  const requestId = '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d12';
  const wanted = [{ name: 'd' }, {}, { name: 'a' }];
  const first = await batch(wanted, requestId);
  expect(await batch(wanted, requestId)).toEqual(first);
  await service.stop();
  await service.start();
  expect(await batch(wanted, requestId)).toEqual(first);
  const other = await batch([{ name: 'e' }], requestId).catch((error: unknown) => error);
  expect(other instanceof CallError && other.reason).toBe('REQUEST_ID_REUSED');
});

test('a thousand with a label each fit one message, and their answer is no trouble to any client', async () => {
  const wanted = Array.from({ length: 1000 }, (_, index) => ({
    name: `support-desk-${String(index).padStart(7, '0')}`,
    labels: { env: 'prod' },
  }));
  const requests = wanted.map(one => ({ ...NEW_INSTANCE, ...one }));
  const request = BatchCreateInstancesRequest.encode({ requests, requestId: '' }).finish();
  expect(request.length).toBeLessThan(LARGEST_MESSAGE);
  const response = await batch(wanted);
  expect(inShort(response)).toEqual(wanted.map(({ name }) => name));
  expect(new Set(secretsOf(response)).size).toBe(1000);
  expect(Response.encode(response).finish().length).toBeLessThan(1024 * 1024);
});

test('twenty calls in an hour are taken of each token', async () => {
  const wish = { kind: Kind.ACCOUNT, access: Access.READ_WRITE };
  const { secret } = await service.client.call(Tokens.createToken, wish);
  const call = () =>
    service.client.call(
      Instances.batchCreateInstances,
      { requests: [NEW_INSTANCE] },
      { metadata: bearer(secret) },
    );
  for (let count = 0; count < 20; count++) await call();
  const refused = await call().catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'RATE_LIMITED' });
});
