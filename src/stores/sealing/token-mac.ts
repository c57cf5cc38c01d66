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

/** Without a selector in the table of before there were any. */
type TokenRow = TokenColumns & { readonly label_selector?: string | null };

const VERSION = 1;

/** Makes the MAC of a row, which nobody can make who has the file but not the master key. */
export function tokenMacs(storeKey: Buffer): (row: TokenRow) => Buffer {
  const key = createSecretKey(deriveKey(storeKey, 'token rows'));
  return ({ id, kind, instance, access, label, create_time, expire_time, digest, ...row }) =>
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
          row.certificate_subject,
          // Only where there is one, so that the MACs of before stay good.
          ...(row.label_selector == null ? [] : [row.label_selector]),
        ]),
      )
      .digest();
}
