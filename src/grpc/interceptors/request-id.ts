import { randomUUID } from 'node:crypto';
import type { MetadataValue } from '@grpc/grpc-js';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** The name of a call: what the caller sent as `x-request-id`, if that is one name, or one made up. */
export function requestIdOf(sent: readonly MetadataValue[]): string {
  const [name] = sent;
  return sent.length === 1 && typeof name === 'string' && REQUEST_ID.test(name) ? name : randomUUID();
}
