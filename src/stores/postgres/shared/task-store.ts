import { type Kysely, sql } from 'kysely';
import type { TaskStore } from '../../../domain/nodes/shared.js';
import type { Schema } from '../../tables/schema.js';
import { NOW } from './database-time.js';

/** What the nodes do one at a time; this one under the id that it has then. */
export const taskStore = (db: Kysely<Schema>, me: () => string): TaskStore => ({
  async begin(name) {
    // Of a node that is not there, for it was buried, no row comes. Its own it gets again: an answer may have been lost.
    const { rows } = await sql`
      insert into task as known (name, node, due_time) select ${name}, id, 0 from node where id = ${me()}
        on conflict (name) do update set node = excluded.node
          where known.node = excluded.node or (known.node is null and known.due_time <= ${NOW})
        returning name`.execute(db);
    return rows.length > 0;
  },

  async end(name, againInMs) {
    await db
      .updateTable('task')
      .set({ node: null, due_time: sql<number>`${NOW} + ${againInMs}::bigint` })
      .where('name', '=', name)
      .where('node', '=', me())
      .execute();
  },
});
