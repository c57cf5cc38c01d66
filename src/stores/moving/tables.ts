import type { Schema } from '../tables/schema.js';

/** Every table, with the columns of its primary key, those first that others refer to. */
export const TABLES: { readonly [Table in keyof Schema]: readonly (keyof Schema[Table] & string)[] } = {
  store_key: ['id'],
  client_version: ['id'],
  change_counter: ['id'],
  instance: ['name'],
  credential: ['instance'],
  signal_key: ['instance', 'id'],
  token: ['id'],
  privacy_change: ['id'],
  answered_request: ['key'],
  apply: ['key'],
  apply_result: ['apply_key', 'place'],
};

export type Table = keyof Schema;
export const TABLE_NAMES = Object.keys(TABLES) as Table[];
/** A row of whichever table. */
export type Row = Readonly<Record<string, unknown>>;
