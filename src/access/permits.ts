import type { TokenRecord } from './ports.js';
import type { Principal } from './tokens.js';

/** What a method asks of a token. */
export type Permit = {
  /** Only a token of this kind will do. */
  readonly kind?: 'ACCOUNT';
  readonly access: TokenRecord['access'];
};

/** What a method asks that only a token of the account may call. */
export type AccountPermit = Permit & { readonly kind: 'ACCOUNT' };

export const READ: Permit = { access: 'READ_ONLY' };
export const WRITE: Permit = { access: 'READ_WRITE' };
export const READ_ALL: AccountPermit = { kind: 'ACCOUNT', access: 'READ_ONLY' };
export const WRITE_ALL: AccountPermit = { kind: 'ACCOUNT', access: 'READ_WRITE' };

/**
 * Whether a token may call a method on the instance that the request names, if it names one. A request that names
 * several needs a question for each.
 */
export function isAllowed(principal: Principal, permit: Permit, instance: string | undefined): boolean {
  if (permit.kind === 'ACCOUNT' && principal.kind !== 'ACCOUNT') return false;
  if (permit.access === 'READ_WRITE' && principal.access !== 'READ_WRITE') return false;
  return principal.kind === 'ACCOUNT' || instance === undefined || instance === principal.instance;
}
