import { sql } from 'kysely';

/** Milliseconds by the one clock that all nodes go by. */
export const NOW_TEXT = '(extract(epoch from clock_timestamp()) * 1000)::bigint';
export const NOW = sql.raw<number>(NOW_TEXT);
