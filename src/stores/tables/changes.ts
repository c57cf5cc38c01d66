import { type Compilable, type Kysely, sql } from 'kysely';
import type { ChangeLog, NewChange } from '../../instances/ports/history.js';
import { changePages } from './change-pages.js';
import { insertion, toRecord } from './change-rows.js';
import type { HistoryGrowth } from './history-growth.js';
import { prepared } from './prepared.js';
import type { Schema } from './schema.js';
import { writeOf } from './write.js';

/**
 * Runs the queries in one transaction.
 *
 * @param about Instances whose data they write, which only the node that runs them may: rejects with INSTANCE_MOVED, and
 *   writes nothing, when another one does by now.
 */
export type Atomically = (queries: readonly Compilable[], about?: readonly string[]) => Promise<void>;

/**
 * Runs all queries in one transaction, but of each the others only when the first wrote a row; for which it did. Then
 * those that come of it.
 *
 * @param about As for `Atomically`.
 */
export type UnlessTaken = (
  each: readonly { readonly first: Compilable; readonly others: readonly Compilable[] }[],
  then: (wrote: readonly boolean[]) => readonly Compilable[],
  about?: readonly string[],
) => Promise<readonly boolean[]>;

/** What an entry that resolves another has of it. */
const AS_RESOLVED = [
  'instance',
  'instance_uid',
  'actor_token_id',
  'actor_token_label',
  'origin',
  'request_id',
  'setting',
  'old_value',
  'new_value',
  'token_id',
] as const;

/** The history. */
export function changeLog(db: Kysely<Schema>, atomically: Atomically, growth: HistoryGrowth): ChangeLog {
  const nextId = db.updateTable('change_counter').set(({ eb }) => ({ last_id: eb('last_id', '+', 1) }));
  const givingId = prepared(() => nextId)({});
  const insert = insertion(db);

  const insertions = (changes: readonly NewChange[]): Compilable[] =>
    changes.flatMap(change => [givingId, growth.adding(insert(change))]);

  return {
    ...changePages(db),

    append: changes =>
      atomically(
        insertions(changes),
        changes.map(({ instance }) => instance),
      ),

    appending: changes => insertions(changes).map(writeOf),

    resolve({ instance, instanceUid, setting, entryTime, outcome, resolveTime }) {
      const entries = db
        .selectFrom('privacy_change as entry')
        .where('entry.kind', '=', 'SETTING_CHANGED')
        .where('entry.instance_uid', '=', instanceUid)
        .where('entry.setting', '=', setting)
        .where('entry.time', '=', entryTime.getTime())
        .where('entry.origin', '=', 'THIS_SERVICE')
        .where(({ eb, or }) =>
          or([eb('entry.resolved_outcome', 'is', null), eb('entry.resolved_outcome', '<>', outcome)]),
        );
      const newest = entries.select(({ fn }) => fn.max('entry.id').as('id'));
      const queries = [
        nextId.where(({ exists }) => exists(entries.select('entry.id'))),
        growth.adding(
          db
            .insertInto('privacy_change')
            .columns(['id', 'kind', 'time', 'outcome', 'resolved_id', ...AS_RESOLVED])
            .expression(
              db
                .selectFrom(['change_counter', 'privacy_change as resolved'])
                .where('resolved.id', '=', newest)
                .select([
                  'change_counter.last_id',
                  sql.val('SETTING_RESOLVED').as('kind'),
                  sql.val(resolveTime.getTime()).as('time'),
                  sql.val(outcome).as('outcome'),
                  'resolved.id as resolved_id',
                  ...AS_RESOLVED.map(column => `resolved.${column}` as const),
                ]),
            ),
        ),
        db
          .updateTable('privacy_change')
          .set({ resolved_outcome: outcome, resolve_time: resolveTime.getTime() })
          .where('id', '=', newest),
      ];
      return atomically(queries, [instance]);
    },

    async unresolved(instanceUid) {
      const rows = await db
        .selectFrom('privacy_change as entry')
        .selectAll('entry')
        .innerJoin('instance', 'instance.name', 'entry.instance') // By which an index finds them.
        .where('instance.uid', '=', instanceUid)
        .whereRef('entry.instance_uid', '=', 'instance.uid')
        .where('entry.kind', '=', 'SETTING_CHANGED')
        .where('entry.outcome', '=', 'UNKNOWN')
        .where('entry.resolved_outcome', 'is', null)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('privacy_change as later')
                .select('later.id')
                .where('later.kind', '=', 'SETTING_CHANGED')
                .whereRef('later.instance', '=', 'entry.instance')
                .whereRef('later.setting', '=', 'entry.setting')
                .whereRef('later.id', '>', 'entry.id'),
            ),
          ),
        )
        .orderBy('entry.id', 'desc')
        .execute();
      return rows.map(toRecord);
    },

    async knows(instance) {
      const found = await db
        .selectFrom('privacy_change')
        .select('id')
        .where('instance', '=', instance)
        .limit(1)
        .executeTakeFirst();
      return found !== undefined;
    },

    onGrowth: growth.onGrowth,

    async prune(before, limit) {
      const { numDeletedRows } = await db
        .deleteFrom('privacy_change')
        .where('id', 'in', ({ selectFrom }) =>
          selectFrom('privacy_change')
            .select('id')
            .where('time', '<', before.getTime())
            .orderBy('time')
            .orderBy('id')
            .limit(limit),
        )
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    },
  };
}
