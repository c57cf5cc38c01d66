import { sql } from 'kysely';

/** Milliseconds by the one clock that all nodes go by. */
export const NOW = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;
