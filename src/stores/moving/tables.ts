import type { Schema } from '../tables/schema.js';

/** What tells of running processes, and is of no use where none runs. */
type OfNodes = 'node' | 'lease' | 'hop' | 'permit' | 'task' | 'hold';
export type Table = Exclude<keyof Schema, OfNodes>;

/** Every table that is moved, with the columns of its primary key, those first that others refer to. */
export const TABLES: { readonly [Name in Table]: readonly (keyof Schema[Name] & string)[] } = {
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

export const TABLE_NAMES = Object.keys(TABLES) as Table[];
/** A row of whichever table. */
export type Row = Readonly<Record<string, unknown>>;
