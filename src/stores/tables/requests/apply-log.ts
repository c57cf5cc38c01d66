import { type Kysely, sql } from 'kysely';
import type { ApplyLog, KeptAnswer } from '../../../access/ports.js';
import type { Atomically } from '../changes.js';
import { toDate } from '../columns.js';
import type { Schema } from '../schema.js';
import { answerInsertion, openAnswer } from './request-log.js';

/** Under which key of the answered requests the result of an instance is. */
const answerKey = (key: string, place: number) => `${key}#${place}`;

/**
 * Updates of many instances. What the result of an instance says is an answered request, sealed and forgotten as those
 * are; that it has ended, and whether well, stays.
 */
export function applyLog(db: Kysely<Schema>, storeKey: Buffer, atomically: Atomically): ApplyLog {
  const insertAnswer = answerInsertion(db, storeKey);

  return {
    async begin({ key, instances, startTime, expireTime, isFirst }) {
      const times = { start_time: startTime.getTime(), end_time: null, expire_time: expireTime.getTime() };
      const rows = instances.map((instance, place) => ({ apply_key: key, place, instance, status: null }));
      const answers = rows.map(({ place }) => answerKey(key, place));
      const has = rows.length > 0; // No statement takes an empty list everywhere.
      await atomically([
        ...(isFirst ? [db.deleteFrom('apply').where('key', '=', key)] : []),
        ...(isFirst && has ? [db.deleteFrom('answered_request').where('key', 'in', answers)] : []),
        db
          .insertInto('apply')
          .values({ key, ...times })
          .onConflict(conflict => conflict.column('key').doUpdateSet({ end_time: null })),
        ...(has
          ? [
              db
                .insertInto('apply_result')
                .values(rows)
                .onConflict(conflict => conflict.doNothing()),
            ]
          : []),
      ]);
    },

    async saveResult(key, place, result) {
      const kept: KeptAnswer = { ...result, key: answerKey(key, place) };
      await atomically([
        db
          .updateTable('apply_result')
          .set({ status: result.status })
          .where('apply_key', '=', key)
          .where('place', '=', place),
        insertAnswer(kept),
      ]);
    },

    async end(key, endTime) {
      await db.updateTable('apply').set({ end_time: endTime.getTime() }).where('key', '=', key).execute();
    },

    async find(key, now) {
      const row = await db
        .selectFrom('apply')
        .leftJoin('apply_result', 'apply_key', 'key')
        .where('key', '=', key)
        .where('expire_time', '>', now.getTime())
        .groupBy(['key', 'start_time', 'end_time'])
        .select(({ fn }) => [
          'start_time',
          'end_time',
          fn.count('place').as('total'),
          fn.count(sql`case when status = 'response' then 1 end`).as('succeeded'),
          fn.count(sql`case when status = 'error' then 1 end`).as('failed'),
        ])
        .executeTakeFirst();
      return (
        row && {
          startTime: new Date(row.start_time),
          endTime: toDate(row.end_time),
          totalCount: Number(row.total),
          succeededCount: Number(row.succeeded),
          failedCount: Number(row.failed),
        }
      );
    },

    async results(key, { from, limit }) {
      const rows = await db
        .selectFrom('apply_result')
        .where('apply_key', '=', key)
        .where('place', '>=', from)
        .orderBy('place')
        .limit(limit)
        .select(['place', 'instance', 'status'])
        .execute();
      if (rows.length === 0) return [];
      const keys = rows.map(({ place }) => answerKey(key, place));
      const answers = await db.selectFrom('answered_request').where('key', 'in', keys).selectAll().execute();
      const byKey = new Map(answers.map(answer => [answer.key, answer]));
      return rows.map(({ place, instance, status }) => {
        const row = byKey.get(answerKey(key, place));
        return {
          place,
          instance,
          status: status ?? undefined,
          answer: row && openAnswer(storeKey, row).answer,
        };
      });
    },

    async prune(now, limit) {
      const { numDeletedRows } = await db
        .deleteFrom('apply')
        .where('key', 'in', ({ selectFrom }) =>
          selectFrom('apply')
            .select('key')
            .where('expire_time', '<=', now.getTime())
            .orderBy('expire_time')
            .limit(limit),
        )
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    },
  };
}
