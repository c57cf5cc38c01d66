import { type Kysely, sql } from 'kysely';
import type { Newsroom } from '../../../cluster/ports.js';
import type { Disconnect, NodeHold } from '../../../domain/disconnect.js';
import type { HoldStore } from '../../../domain/nodes/shared.js';
import type { Schema } from '../../tables/schema.js';
import { NOW } from './database-time.js';
import type { Newsdesk } from './newsroom.js';

const REFUSAL: NodeHold = 'until_accepted';

/** What holds the dials of all nodes. */
export function holdStore(
  db: Kysely<Schema>,
  { tell, onNews }: Pick<Newsdesk, 'tell'> & Newsroom,
): HoldStore {
  async function changed(change: { execute(): Promise<readonly unknown[]> }): Promise<boolean> {
    const rows = await change.execute();
    if (rows.length > 0) tell({ about: 'holds' });
    return rows.length > 0;
  }

  return {
    async load() {
      const rows = await db
        .selectFrom('hold')
        .select(({ eb }) => ['kind', 'cause', 'count', eb('until', '-', NOW).as('leftMs')])
        .execute();
      return rows.map(row => ({ ...row, cause: JSON.parse(row.cause) as Disconnect }));
    },

    async save({ kind, cause, leftMs, count }) {
      const until = sql<number>`${NOW} + ${Math.ceil(leftMs)}::bigint`;
      const values = { cause: JSON.stringify(cause), until, count };
      await changed(
        db
          .insertInto('hold')
          .values({ kind, ...values })
          .onConflict(conflict => conflict.column('kind').doUpdateSet(values).where('hold.until', '<=', NOW))
          .returning('kind'),
      );
    },

    probe: everyMs =>
      changed(
        db
          .updateTable('hold')
          .set({ until: sql<number>`${NOW} + ${everyMs}::bigint` })
          .where('kind', '=', REFUSAL)
          .where('until', '<=', NOW)
          .returning('kind'),
      ),

    async probeSoon() {
      await changed(db.updateTable('hold').set({ until: NOW }).where('kind', '=', REFUSAL).returning('kind'));
    },

    async accepted() {
      await changed(db.deleteFrom('hold').where('kind', '=', REFUSAL).returning('kind'));
    },

    onChange: listener =>
      onNews(({ about }) => {
        if (about === 'holds' || about === 'anything') listener();
      }),
  };
}
