import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InstanceServiceService } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { TokenServiceService } from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { isAllowed, METHOD_RULES } from '../../src/access/permits.js';
import type { Principal } from '../../src/access/tokens.js';

const methods = [PrivacyServiceService, InstanceServiceService, TokenServiceService]
  .flatMap(service => Object.values(service) as { path: string }[])
  .map(({ path }) => path.replace('/whatsapp.privacy.v1.', ''));

const principal = (kind: Principal['kind'], access: Principal['access']): Principal => ({
  tokenId: 'id',
  tokenLabel: '',
  kind,
  instance: kind === 'INSTANCE' ? 'desk' : undefined,
  access,
});

const allowedMethods = (who: Principal, instance?: string): string[] =>
  methods.filter(method => isAllowed(who, { method, instance }));

test('the rules cover exactly the methods of the services', () => {
  expect(methods).toHaveLength(21);
  expect(Object.keys(METHOD_RULES).sort()).toEqual([...methods].sort());
});

test('every method that the contract says changes nothing can be called with READ_ONLY, and no other', () => {
  const folder = join(import.meta.dirname, '../../proto/whatsapp/privacy/v1');
  const text = ['privacy', 'instance', 'token']
    .map(name => readFileSync(join(folder, `${name}_service.proto`), 'utf8'))
    .join('\n');
  const harmless = [
    ...text.matchAll(/rpc (\w+)\([^)]*\) returns \([^)]*\) \{\s+option idempotency_level = NO_SIDE_EFFECTS/g),
  ];
  expect(harmless.length).toBeGreaterThan(5);
  const allowed = allowedMethods(principal('ACCOUNT', 'READ_ONLY')).map(method => method.split('/')[1]);
  expect(new Set(allowed)).toEqual(new Set(harmless.map(([, method]) => method)));
});

describe('a READ_WRITE token', () => {
  test('of the account may call everything on every instance', () => {
    expect(allowedMethods(principal('ACCOUNT', 'READ_WRITE'), 'other')).toEqual(methods);
  });

  test('of an instance may call everything there but manage instances and tokens', () => {
    const refused = methods.filter(
      method => !allowedMethods(principal('INSTANCE', 'READ_WRITE'), 'desk').includes(method),
    );
    expect(refused).toEqual([
      'InstanceService/CreateInstance',
      'InstanceService/DeleteInstance',
      'TokenService/CreateToken',
      'TokenService/ListTokens',
      'TokenService/RevokeToken',
      'TokenService/RotateToken',
    ]);
  });
});

describe('a token of one instance', () => {
  test('may call nothing on another', () => {
    expect(allowedMethods(principal('INSTANCE', 'READ_WRITE'), 'other')).toEqual([]);
    expect(allowedMethods(principal('INSTANCE', 'READ_WRITE'), '')).toEqual([]);
  });

  test('with READ_ONLY may read there', () => {
    expect(allowedMethods(principal('INSTANCE', 'READ_ONLY'), 'desk')).toEqual([
      'PrivacyService/GetPrivacySettings',
      'PrivacyService/ListPrivacySettings',
      'PrivacyService/DescribePrivacySettings',
      'PrivacyService/WatchPrivacySettings',
      'PrivacyService/ListPrivacyChanges',
      'PrivacyService/GetContactBlacklist',
      'InstanceService/GetInstance',
      'InstanceService/ListInstances',
    ]);
  });
});

test('a method without a rule is refused to everybody', () => {
  expect(isAllowed(principal('ACCOUNT', 'READ_WRITE'), { method: 'PrivacyService/New' })).toBe(false);
});
