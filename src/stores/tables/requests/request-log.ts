import { type Compilable, type Kysely, type Selectable, sql } from 'kysely';
import type { AnsweredRequest, KeptAnswer, RequestLog } from '../../../access/ports.js';
import { seal, unseal } from '../../sealing/envelope.js';
import type { Schema } from '../schema.js';
import { writeOf } from '../write.js';

const DIGEST_BYTES = 32;
const label = (key: string) => ({ kind: 'answer to a request', instance: '', id: key });

/** Keeps an answer: from the row of the instance, so that nothing is kept that speaks of what was removed or unlinked. */
export const answerInsertion =
  (db: Kysely<Schema>, storeKey: Buffer) =>
  ({ key, digest, answer, status, expireTime, subject }: KeptAnswer) => {
    const columns = {
      instance: subject?.instance ?? null,
      subject: subject?.kind ?? null,
      status,
      sealed_answer: seal(storeKey, label(key), Buffer.concat([digest, answer])),
      expire_time: expireTime.getTime(),
    };
    const row = { key, ...columns };
    const inserting = db.insertInto('answered_request');
    const insert =
      subject === undefined
        ? inserting.values(row)
        : inserting.columns(Object.keys(row) as (keyof typeof row)[]).expression(
            db
              .selectFrom('instance')
              .where('name', '=', subject.instance)
              .$if(subject.kind === 'account', query => query.where('sealed_phone_number', 'is not', null))
              .select(Object.entries(row).map(([name, value]) => sql.val(value).as(name))),
          );
    return insert.onConflict(conflict => conflict.column('key').doUpdateSet(columns));
  };

/** What a row keeps. */
export function openAnswer(
  storeKey: Buffer,
  { key, status, sealed_answer }: Selectable<Schema['answered_request']>,
): AnsweredRequest {
  const opened = unseal(storeKey, label(key), sealed_answer);
  return { digest: opened.subarray(0, DIGEST_BYTES), answer: opened.subarray(DIGEST_BYTES), status };
}

/** Answers by request id; each is sealed with the store's key. */
export function requestLog(db: Kysely<Schema>, storeKey: Buffer): RequestLog {
  const insertion = answerInsertion(db, storeKey);

  return {
    async find(key, now) {
      const row = await db
        .selectFrom('answered_request')
        .selectAll()
        .where('key', '=', key)
        .where('expire_time', '>', now.getTime())
        .executeTakeFirst();
      return row && openAnswer(storeKey, row);
    },

    async save(kept) {
      await insertion(kept).execute();
    },

    saving: kept => writeOf(insertion(kept)),

    async prune(now, limit) {
      const { numDeletedRows } = await db
        .deleteFrom('answered_request')
        .where('key', 'in', ({ selectFrom }) =>
          selectFrom('answered_request')
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

/** Forgets the answers that speak of the account of an instance. */
export const accountAnswersRemoval = (db: Kysely<Schema>, instance: string): Compilable =>
  db.deleteFrom('answered_request').where('instance', '=', instance).where('subject', '=', 'account');
