import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAllowed } from '../../src/access/permits.js';
import type { Principal } from '../../src/access/tokens.js';
import { METHODS, rulesOf, shortName } from '../grpc/support/methods.js';

const methods = METHODS.map(shortName);

const principal = (kind: Principal['kind'], access: Principal['access']): Principal => ({
  tokenId: 'id',
  tokenDisplayName: '',
  certificateSubject: undefined,
  kind,
  instance: kind === 'INSTANCE' ? 'desk' : undefined,
  access,
});

const allowedMethods = (who: Principal, instance?: string): string[] =>
  METHODS.filter(method => isAllowed(who, rulesOf(method).permit, instance)).map(shortName);

test('every method that the contract says changes nothing can be called with READ_ONLY, and no other', () => {
  const folder = join(import.meta.dirname, '../../proto/whatsapp/privacy/v1');
  const text = ['privacy', 'instance', 'token', 'node']
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
      'InstanceService/ImportInstance',
      'TokenService/CreateToken',
      'TokenService/ListTokens',
      'TokenService/RevokeToken',
      'TokenService/RotateToken',
      'NodeService/GetWhatsAppVersion',
      'NodeService/DownloadBackup',
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
