import { type Compilable, type Kysely, type Selectable, sql } from 'kysely';
import type { OutcomeState } from '../../domain/outcome.js';
import type { Setting } from '../../domain/settings/settings-table.js';
import type { ChangeLog, ChangeRecord } from '../../instances/ports/store.js';
import { invalidCursor } from './columns.js';
import type { Schema } from './schema.js';

/** Runs the queries in one transaction. */
export type Atomically = (queries: readonly Compilable[]) => Promise<void>;

/**
 * Runs all queries in one transaction, but of each the others only when the first wrote a row; for which it did. Then
 * those that come of it.
 */
export type UnlessTaken = (
  each: readonly { readonly first: Compilable; readonly others: readonly Compilable[] }[],
  then: (wrote: readonly boolean[]) => readonly Compilable[],
) => Promise<readonly boolean[]>;

/** The history; a page's cursor is the sequence of its last change. */
export function changeLog(db: Kysely<Schema>, atomically: Atomically): ChangeLog {
  const count = (change: ChangeRecord) =>
    db
      .updateTable('instance')
      .set(({ eb }) => ({ change_count: eb('change_count', '+', 1) }))
      .where('name', '=', change.instance);

  // From the row of the instance, so that nothing is written for one that was removed.
  const insertion = (change: ChangeRecord) =>
    db
      .insertInto('privacy_change')
      .columns([
        'instance',
        'sequence',
        'time',
        'token_id',
        'token_label',
        'origin',
        'setting',
        'old_value',
        'new_value',
        'outcome',
        'request_id',
        'whatsapp_code',
      ])
      .expression(
        db
          .selectFrom('instance')
          .where('name', '=', change.instance)
          .select([
            'name',
            'change_count',
            sql.val(change.time.getTime()).as('time'),
            sql.val(change.actor?.tokenId ?? null).as('token_id'),
            sql.val(change.actor?.tokenDisplayName ?? null).as('token_label'),
            sql.val(change.origin).as('origin'),
            sql.val(change.setting).as('setting'),
            sql.val(change.oldValue ?? null).as('old_value'),
            sql.val(change.newValue).as('new_value'),
            sql.val(change.outcome).as('outcome'),
            sql.val(change.requestId).as('request_id'),
            sql.val(change.whatsappCode ?? null).as('whatsapp_code'),
          ]),
      );

  return {
    append: changes => atomically(changes.flatMap(change => [count(change), insertion(change)])),

    resolve: (instance, { setting, entryTime, outcome, resolveTime }) =>
      atomically([
        db
          .updateTable('privacy_change')
          .set({ resolved_outcome: outcome, resolve_time: resolveTime.getTime() })
          .where('instance', '=', instance)
          .where('setting', '=', setting)
          .where('time', '=', entryTime.getTime())
          .where('origin', '=', 'THIS_SERVICE')
          .where('resolved_outcome', 'is', null),
      ]),

    async unresolved(instance) {
      const rows = await db
        .selectFrom('privacy_change as entry')
        .selectAll()
        .where('instance', '=', instance)
        .where('outcome', '=', 'UNKNOWN')
        .where('resolved_outcome', 'is', null)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('privacy_change as later')
                .select('later.sequence')
                .whereRef('later.instance', '=', 'entry.instance')
                .whereRef('later.setting', '=', 'entry.setting')
                .whereRef('later.sequence', '>', 'entry.sequence'),
            ),
          ),
        )
        .orderBy('sequence', 'desc')
        .execute();
      return rows.map(toRecord);
    },

    async list(instance, { before, limit }) {
      if (before !== undefined && !/^\d{1,15}$/.test(before)) throw invalidCursor();
      const rows = await db
        .selectFrom('privacy_change')
        .selectAll()
        .where('instance', '=', instance)
        .$if(before !== undefined, query => query.where('sequence', '<', Number(before)))
        .orderBy('sequence', 'desc')
        .limit(limit + 1)
        .execute();
      const page = rows.slice(0, limit);
      return {
        changes: page.map(toRecord),
        next: rows.length > limit ? page.at(-1)?.sequence.toString() : undefined,
      };
    },

    async prune(before, limit) {
      const { numDeletedRows } = await db
        .deleteFrom('privacy_change')
        .where(({ eb, refTuple, selectFrom }) =>
          eb(
            refTuple('instance', 'sequence'),
            'in',
            selectFrom('privacy_change')
              .select(['instance', 'sequence'])
              .where('time', '<', before.getTime())
              .orderBy('time')
              .limit(limit)
              .$asTuple('instance', 'sequence'),
          ),
        )
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    },
  };
}

const toRecord = (row: Selectable<Schema['privacy_change']>): ChangeRecord => ({
  instance: row.instance,
  time: new Date(row.time),
  actor:
    row.token_id === null ? undefined : { tokenId: row.token_id, tokenDisplayName: row.token_label ?? '' },
  origin: row.origin,
  setting: row.setting as Setting,
  oldValue: row.old_value ?? undefined,
  newValue: row.new_value,
  outcome: row.outcome as OutcomeState,
  requestId: row.request_id,
  whatsappCode: row.whatsapp_code ?? undefined,
  resolution:
    row.resolved_outcome === null || row.resolve_time === null
      ? undefined
      : { outcome: row.resolved_outcome as OutcomeState, time: new Date(row.resolve_time) },
});
