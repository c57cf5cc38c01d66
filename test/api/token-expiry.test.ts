import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import {
  Instance_State,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { TokenServiceService as Tokens } from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { bearer, failureOf } from '../support/call.js';
import { startService } from '../support/service.js';

test('linking ends when the token it was begun with is revoked, and the instance is as before', async () => {
  await using service = await startService();
  const { client } = service;
  const { token, secret } = await client.call(Instances.createInstance, { name: 'desk' });
  const steps = client.stream(
    Instances.linkInstance,
    { name: 'desk', method: { $case: 'qr', value: {} } },
    { metadata: bearer(secret) },
  );
  expect((await steps.next()).value).toMatchObject({ event: { $case: 'qrCode' } });
  const state = async () => (await client.call(Instances.getInstance, { name: 'desk' })).instance?.state;
  expect(await state()).toBe(Instance_State.LINKING);

  await client.call(Tokens.revokeToken, { id: token?.id ?? '' });
  const failure = await failureOf(steps.next());
  expect(failure).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_INVALID' });
  await expect.poll(state).toBe(Instance_State.UNLINKED);
});
