import { createHmac, createSecretKey } from 'node:crypto';
import { deriveKey } from './store-key.js';

/** What a row of the token table says of a token, but for when it was last used. */
export type TokenColumns = {
  readonly id: string;
  readonly kind: string;
  readonly instance: string | null;
  readonly access: string;
  readonly label: string;
  readonly create_time: number;
  readonly expire_time: number | null;
  readonly digest: Buffer;
  readonly certificate_subject: string | null;
};

const VERSION = 1;

/** Makes the MAC of a row, which nobody can make who has the file but not the master key. */
export function tokenMacs(storeKey: Buffer): (row: TokenColumns) => Buffer {
  const key = createSecretKey(deriveKey(storeKey, 'token rows'));
  return ({ id, kind, instance, access, label, create_time, expire_time, digest, certificate_subject }) =>
    createHmac('sha256', key)
      .update(
        JSON.stringify([
          VERSION,
          id,
          kind,
          instance,
          access,
          label,
          create_time,
          expire_time,
          digest.toString('base64'),
          certificate_subject,
        ]),
      )
      .digest();
}
