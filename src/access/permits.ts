import type { Labels } from '../domain/labels/labels.js';
import { matches, selectorText } from '../domain/labels/selector.js';
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

/** An instance that a request names, with its labels now; undefined when there is none of that name. */
export type Target = { readonly name: string; readonly labels: Labels | undefined };

/**
 * Whether a token may call a method on the instance that the request names, if it names one. A request that names
 * several needs a question for each.
 */
export function isAllowed(principal: Principal, permit: Permit, target: Target | undefined): boolean {
  if (permit.kind === 'ACCOUNT' && principal.kind !== 'ACCOUNT') return false;
  if (permit.access === 'READ_WRITE' && principal.access !== 'READ_WRITE') return false;
  return target === undefined || covers(principal, target);
}

/** Whether a token covers an instance now. */
export function covers({ kind, instance, selector }: Principal, { name, labels }: Target): boolean {
  switch (kind) {
    case 'ACCOUNT':
      return true;
    case 'INSTANCE':
      return name === instance;
    case 'SELECTOR':
      return selector !== undefined && labels !== undefined && matches(selector, labels);
  }
}

/** Names what a token covers: the same for tokens that cover the same, and no other's. */
export function coverage({ instance, selector }: Pick<Principal, 'instance' | 'selector'>): string {
  if (selector) return `?${selectorText(selector)}`;
  return instance ?? EVERY_INSTANCE;
}

/** What an ACCOUNT token covers; no instance has this name. */
const EVERY_INSTANCE = '*';
