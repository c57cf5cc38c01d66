import type { Method } from '../method.js';

/** The instances that a request names in the field its method is about. */
export function namedInstances(request: unknown, { about }: Pick<Method, 'about'>): readonly string[] {
  if (about === undefined || about === 'covered') return [];
  // The type of the table's rows vouches for the field.
  const named = (request as { readonly [field: string]: string | readonly string[] })[about] ?? [];
  if (named === '') return []; // All that the token covers, where a method may leave it empty.
  return typeof named === 'string' ? [named] : named;
}

/** The instance that a request is about, where it can name only one. */
export const namedInstance = (request: unknown, method: Pick<Method, 'about'>): string | undefined =>
  method.about === 'instances' ? undefined : namedInstances(request, method)[0];
