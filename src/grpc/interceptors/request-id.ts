import { randomUUID } from 'node:crypto';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** The name of a call: what the caller sent as `x-request-id`, if that is one name, or one made up. */
export const requestIdOf = (sent: readonly string[]): string =>
  sent.length === 1 && sent[0] !== undefined && REQUEST_ID.test(sent[0]) ? sent[0] : randomUUID();
