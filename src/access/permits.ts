import type { TokenRecord } from './ports.js';
import type { Principal } from './tokens.js';

/** What a method asks of a token. */
export type MethodRule = {
  /** Only a token of this kind will do. */
  readonly kind?: 'ACCOUNT';
  readonly access: TokenRecord['access'];
};

const READ: MethodRule = { access: 'READ_ONLY' };
const WRITE: MethodRule = { access: 'READ_WRITE' };
const READ_ALL: MethodRule = { kind: 'ACCOUNT', access: 'READ_ONLY' };
const WRITE_ALL: MethodRule = { kind: 'ACCOUNT', access: 'READ_WRITE' };

/** The rule of each method, by `Service/Method`, as the comments in `proto` give them. */
export const METHOD_RULES: Readonly<Record<string, MethodRule>> = {
  'PrivacyService/GetPrivacySettings': READ,
  'PrivacyService/ListPrivacySettings': READ,
  'PrivacyService/DescribePrivacySettings': READ,
  'PrivacyService/UpdatePrivacySettings': WRITE,
  'PrivacyService/ApplyPrivacySettings': WRITE,
  'PrivacyService/WatchPrivacySettings': READ,
  'PrivacyService/ListPrivacyChanges': READ,
  'PrivacyService/GetContactBlacklist': READ,
  'PrivacyService/UpdateContactBlacklist': WRITE,
  'InstanceService/CreateInstance': WRITE_ALL,
  'InstanceService/GetInstance': READ,
  'InstanceService/ListInstances': READ,
  'InstanceService/UpdateInstance': WRITE,
  'InstanceService/DeleteInstance': WRITE_ALL,
  'InstanceService/LinkInstance': WRITE,
  'InstanceService/UnlinkInstance': WRITE,
  'InstanceService/ReconnectInstance': WRITE,
  'TokenService/CreateToken': WRITE_ALL,
  'TokenService/ListTokens': READ_ALL,
  'TokenService/RevokeToken': WRITE_ALL,
  'TokenService/RotateToken': WRITE_ALL,
};

/**
 * Whether a token may call a method, given as `Service/Method`, on the instance that the request names, if it names
 * one. A request that names several needs a question for each.
 */
export function isAllowed(
  principal: Principal,
  call: { method: string; instance?: string | undefined },
): boolean {
  const rule = METHOD_RULES[call.method];
  if (rule === undefined) return false;
  if (rule.kind === 'ACCOUNT' && principal.kind !== 'ACCOUNT') return false;
  if (rule.access === 'READ_WRITE' && principal.access !== 'READ_WRITE') return false;
  return principal.kind === 'ACCOUNT' || call.instance === undefined || call.instance === principal.instance;
}
