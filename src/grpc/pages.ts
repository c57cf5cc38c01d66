import { INSTANCE_NAME } from '../domain/instance.js';

const DEFAULT_SIZE = 50;
const LARGEST_SIZE = 200;

/** How many entries a page has; 0 stands for the default. */
export const pageLimit = (pageSize: number): number => Math.min(pageSize || DEFAULT_SIZE, LARGEST_SIZE);

/** The token of the page after the instance of this name. Opaque, so that its content can change. */
export const pageTokenAfter = (instance: string): string => Buffer.from(instance).toString('base64url');

/** The instance that ended the page before; empty for the first page, undefined for a token we did not make. */
export function instanceBefore(pageToken: string): string | undefined {
  if (pageToken === '') return '';
  const name = Buffer.from(pageToken, 'base64url').toString();
  return INSTANCE_NAME.test(name) && pageTokenAfter(name) === pageToken ? name : undefined;
}
