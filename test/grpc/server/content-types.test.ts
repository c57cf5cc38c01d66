import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { type Api, openApi } from '../support/api.js';
import { rawCall } from '../support/raw-call.js';

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

/** Makes an instance, with a message that every protocol of these would send in the same way. */
const create = (contentType: string) =>
  rawCall(api.port, InstanceServiceService.createInstance.path, [
    ['content-type', contentType],
    ['authorization', `Bearer ${api.secret}`],
  ]);
const count = () => api.instances.list({ after: '', limit: 100, state: undefined }).instances.length;

describe('a call with the content type', () => {
  test.each([
    'application/grpc-web',
    'application/grpc-web+proto',
    'application/grpc-web-text',
    'application/grpc+json',
    'application/grpcx',
    'application/json',
    '',
  ])('%o is answered with 415, and not executed', async contentType => {
    const before = count();
    expect(await create(contentType)).toMatchObject({ ':status': 415 });
    expect(count()).toBe(before);
  });

  test.each(['application/grpc', 'application/grpc+proto', 'application/grpc;charset=utf-8'])(
    '%o is executed',
    async contentType => {
      const before = count();
      expect(await create(contentType)).toMatchObject({ ':status': 200, 'grpc-status': '0' });
      expect(count()).toBe(before + 1);
    },
  );
});
