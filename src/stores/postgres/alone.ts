import type { Kysely } from 'kysely';
import type { Schema } from '../tables/schema.js';
import { connections } from './connections.js';
import { holdDatabase } from './hold.js';
import { queriesOver } from './postgres.js';

/** The tables of a database that this process has for itself; throws when a service has it. */
export async function postgresAlone(url: string): Promise<{ db: Kysely<Schema>; close(): Promise<void> }> {
  const hold = await holdDatabase(url, () => undefined);
  const db = queriesOver(connections({ url, most: 2, statementMs: 0, onLoss: () => undefined }));
  return {
    db,
    async close() {
      await db.destroy();
      await hold.release();
    },
  };
}
