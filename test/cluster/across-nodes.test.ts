import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  Token_Access,
  Token_Kind,
  TokenServiceService as Tokens,
} from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { authFolder } from '../simulator/support/auth-folder.js';
import { caller, failureOf } from '../support/call.js';
import { startNodes } from './support/nodes.js';

test('a device is imported once, also by two nodes at the same moment', async () => {
  await using nodes = await startNodes(2, { simulator: { behaviour: { preKeys: 'asked' } } });
  const phone = nodes.simulator.addPhone({ phoneNumber: '15550400001' });
  const device = await authFolder(nodes.simulator, phone);
  onTestFinished(() => device[Symbol.dispose]());
  const take = async (index: number) => {
    const { client } = nodes.node(index);
    const { instance } = await client.call(Instances.createInstance, { name: `desk-${index}` });
    return client.call(Instances.importInstance, {
      instance: instance?.name ?? '',
      source: { $case: 'baileysCreds', value: device.creds() },
    });
  };
  const results = await Promise.allSettled([take(0), take(1)]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const holder = results.findIndex(({ status }) => status === 'fulfilled');
  const refused = await failureOf(
    nodes.node(1 - holder).client.call(Instances.importInstance, {
      instance: `desk-${1 - holder}`,
      source: { $case: 'baileysCreds', value: device.creds() },
    }),
  );
  expect(refused.reason).toBe('DEVICE_IN_USE');
  expect(phone.devices()).toHaveLength(1);
});

test('one request_id makes one instance and one token at both nodes, and a revoked token ends at both', async () => {
  await using nodes = await startNodes(2);
  const clients = nodes.nodes.map(({ client }) => client);
  const requestId = randomUUID();
  const made = await Promise.all(clients.map(client => client.call(Instances.createInstance, { requestId })));
  expect(made[1]).toEqual(made[0]);
  const wish = { kind: Token_Kind.ACCOUNT, access: Token_Access.READ_ONLY, requestId };
  const tokens = await Promise.all(clients.map(client => client.call(Tokens.createToken, wish)));
  expect(tokens[1]).toEqual(tokens[0]);

  const { secret = '', token } = tokens[0] ?? {};
  const elsewhere = caller(nodes.node(1).address, secret);
  onTestFinished(() => elsewhere.close());
  const { instances } = await elsewhere.call(Instances.listInstances, {});
  expect(instances).toHaveLength(1);
  await clients[0]?.call(Tokens.revokeToken, { tokenId: token?.id ?? '' });
  const use = () =>
    elsewhere.call(Instances.listInstances, {}).then(
      () => 'works',
      error => failureOf(Promise.reject(error)),
    );
  await expect.poll(use).toMatchObject({ reason: 'TOKEN_INVALID' });
});
