import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { coverage, isAllowed, type Target } from '../../src/access/permits.js';
import type { Principal } from '../../src/access/tokens.js';
import { readSelector } from '../../src/domain/labels/parse-selector.js';
import { METHODS, rulesOf, shortName } from '../grpc/support/methods.js';

const methods = METHODS.map(shortName);

const principal = (kind: Principal['kind'], access: Principal['access']): Principal => ({
  tokenId: 'id',
  tokenDisplayName: '',
  certificateSubject: undefined,
  kind,
  instance: kind === 'INSTANCE' ? 'desk' : undefined,
  selector: kind === 'SELECTOR' ? readSelector('env=prod') : undefined,
  access,
});

const target = (name: string, env?: string): Target => ({
  name,
  labels: env === undefined ? undefined : { env },
});

const allowedMethods = (who: Principal, instance?: Target): string[] =>
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
    expect(allowedMethods(principal('ACCOUNT', 'READ_WRITE'), target('other'))).toEqual(methods);
  });

  test('of an instance may call everything there but manage instances and tokens', () => {
    const refused = methods.filter(
      method => !allowedMethods(principal('INSTANCE', 'READ_WRITE'), target('desk')).includes(method),
    );
    expect(refused).toEqual([
      'InstanceService/CreateInstance',
      'InstanceService/BatchCreateInstances',
      'InstanceService/DeleteInstance',
      'InstanceService/ImportInstance',
      'TokenService/CreateToken',
      'TokenService/ListTokens',
      'TokenService/RevokeToken',
      'TokenService/RotateToken',
      'NodeService/GetWhatsAppVersion',
      'NodeService/DownloadBackup',
      'NodeService/ListNodes',
      'NodeService/ListLeases',
      'NodeService/DrainNode',
    ]);
  });
});

describe('a token of one instance', () => {
  test('may call nothing on another', () => {
    expect(allowedMethods(principal('INSTANCE', 'READ_WRITE'), target('other'))).toEqual([]);
    expect(allowedMethods(principal('INSTANCE', 'READ_WRITE'), target(''))).toEqual([]);
  });

  test('with READ_ONLY may read there', () => {
    expect(allowedMethods(principal('INSTANCE', 'READ_ONLY'), target('desk'))).toEqual([
      'PrivacyService/GetPrivacySettings',
      'PrivacyService/ListPrivacySettings',
      'PrivacyService/DescribePrivacySettings',
      'PrivacyService/GetApplyResult',
      'PrivacyService/WatchPrivacySettings',
      'PrivacyService/ListPrivacyChanges',
      'PrivacyService/GetContactBlacklist',
      'InstanceService/GetInstance',
      'InstanceService/ListInstances',
      'NodeService/GetServerInfo',
    ]);
  });
});

describe('a token of a selector', () => {
  test('may call on an instance that matches what a token of that instance may', () => {
    for (const access of ['READ_ONLY', 'READ_WRITE'] as const)
      expect(allowedMethods(principal('SELECTOR', access), target('bot', 'prod'))).toEqual(
        allowedMethods(principal('INSTANCE', access), target('desk')),
      );
  });

  test('may call nothing on one that does not, or is not there', () => {
    for (const other of [target('desk', 'test'), target('desk')])
      expect(allowedMethods(principal('SELECTOR', 'READ_WRITE'), other)).toEqual([]);
  });
});

test('tokens that cover something else have another name for it', () => {
  const tokens = (['ACCOUNT', 'INSTANCE', 'SELECTOR'] as const).map(kind => principal(kind, 'READ_WRITE'));
  const byKey = { ...principal('SELECTOR', 'READ_WRITE'), selector: readSelector('desk') };
  expect([...tokens, byKey].map(coverage)).toEqual(['*', 'desk', '?env=prod', '?desk']);
});
