import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  Token_Access as Access,
  Token_Kind as Kind,
  TokenServiceService as Tokens,
} from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { bearer, failureOf } from '../support/call.js';
import { startService } from '../support/service.js';

test('a token that was edited in the database is refused, unlisted and logged once, and the others work', async () => {
  await using service = await startService();
  const { secret } = await service.client.call(Instances.createInstance, { name: 'desk' });
  const { token } = await service.client.call(Tokens.createToken, {
    kind: Kind.ACCOUNT,
    access: Access.READ_ONLY,
  });
  await service.stop();
  const database = new Sqlite(join(service.dataDir, 'wa-privacy.db'));
  const edit = database.prepare("update token set kind = 'ACCOUNT', instance = null where kind = 'INSTANCE'");
  expect(edit.run().changes).toBe(1);
  database.close();

  await service.start();
  for (let attempt = 0; attempt < 2; attempt++) {
    const call = service.client.call(Instances.listInstances, {}, { metadata: bearer(secret) });
    expect(await failureOf(call)).toMatchObject({ reason: 'TOKEN_INVALID' });
  }
  const { tokens } = await service.client.call(Tokens.listTokens, {});
  expect(tokens.map(({ id }) => id)).toEqual(['first', token?.id]);
  const told = service.log.map(line => JSON.parse(line)).filter(({ event }) => event === 'token_edited');
  expect(told).toEqual([expect.objectContaining({ level: 'error', tokenId: expect.any(String) })]);
});
