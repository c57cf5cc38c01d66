import { expect, test } from 'vitest';
import type { InstanceServiceService } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { PrivacyServiceService } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { TokenServiceService } from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { READ, READ_ALL, WRITE, WRITE_ALL } from '../../src/access/permits.js';
import type { Rows } from '../../src/grpc/method.js';
import { METHODS as TABLE } from '../../src/grpc/method-table.js';
import { METHODS } from './support/methods.js';

test('the table has exactly the methods of the contract, under their names', () => {
  expect(METHODS).toHaveLength(32);
  expect([...TABLE.keys()].sort()).toEqual(METHODS.map(({ path }) => path).sort());
  for (const [path, { name, fullName }] of TABLE) {
    expect(`/${fullName}`).toBe(path);
    expect(fullName).toBe(`${fullName.split('/')[0]}/${name}`);
  }
});

// What the types refuse: tsc reports an @ts-expect-error whose next line is right.
type Some<Service, Rpc extends keyof Service> = Rows<Pick<Service, Rpc>>;

// @ts-expect-error A method of the contract without a row.
({}) satisfies Some<typeof TokenServiceService, 'listTokens'>;
({ listTokens: { permit: READ_ALL } }) satisfies Some<typeof TokenServiceService, 'listTokens'>;

({
  listTokens: { permit: READ_ALL },
  // @ts-expect-error A row without a method.
  burnToken: { permit: WRITE_ALL },
}) satisfies Some<typeof TokenServiceService, 'listTokens'>;

// @ts-expect-error Open to tokens of one instance, and does not say which field names it.
({ getInstance: { permit: READ } }) satisfies Some<typeof InstanceServiceService, 'getInstance'>;
// @ts-expect-error A field that the request does not have.
({ getInstance: { permit: READ, about: 'instances' } }) satisfies Some<
  typeof InstanceServiceService,
  'getInstance'
>;
// @ts-expect-error The request names an instance, which the token must cover.
({ getInstance: { permit: READ, about: 'covered' } }) satisfies Some<
  typeof InstanceServiceService,
  'getInstance'
>;

// @ts-expect-error A stream without deadlines.
({ applyPrivacySettings: { permit: WRITE, about: 'instances' } }) satisfies Some<
  typeof PrivacyServiceService,
  'applyPrivacySettings'
>;
