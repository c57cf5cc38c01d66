import { type Compilable, type Insertable, type Kysely, type Selectable, sql } from 'kysely';
import type { AnsweredRequest, KeptAnswer, RequestLog } from '../../../access/ports.js';
import { seal, unseal } from '../../sealing/envelope.js';
import type { Atomically } from '../changes.js';
import { prepared } from '../prepared.js';
import type { Schema } from '../schema.js';
import { writeOf } from '../write.js';

const DIGEST_BYTES = 32;
const label = (key: string) => ({ kind: 'answer to a request', instance: '', id: key });

const COLUMNS = ['key', 'instance', 'subject', 'status', 'sealed_answer', 'expire_time'] as const;
type Values = Pick<Insertable<Schema['answered_request']>, (typeof COLUMNS)[number]>;

/**
 * Keeps an answer: from the row of the instance, so that nothing is kept that speaks of what was removed or unlinked.
 *
 * @param taken What becomes of one that is there: it is replaced, or the statement fails.
 */
export function answerInsertion(
  db: Kysely<Schema>,
  storeKey: Buffer,
  taken: 'replace' | 'fail' = 'replace',
): (kept: KeptAnswer) => Compilable {
  type Value = <Name extends keyof Values>(name: Name) => Values[Name];
  const rowOf = (value: Value) => Object.fromEntries(COLUMNS.map(name => [name, value(name)])) as Values;
  const inserting = db.insertInto('answered_request');
  const replacing = (insert: typeof inserting, value: Value) => {
    if (taken === 'fail') return insert;
    const { key: _, ...others } = rowOf(value);
    return insert.onConflict(conflict => conflict.column('key').doUpdateSet(others));
  };
  const fromInstance = (isOfAccount: boolean) =>
    prepared<Values>(value =>
      replacing(
        inserting.columns([...COLUMNS]).expression(
          db
            .selectFrom('instance')
            .where('name', '=', value('instance') ?? '')
            .$if(isOfAccount, query => query.where('sealed_phone_number', 'is not', null))
            .select(COLUMNS.map(name => sql.val(value(name)).as(name))),
        ),
        value,
      ),
    );
  const insertions = {
    none: prepared<Values>(value => replacing(inserting.values(rowOf(value)), value)),
    instance: fromInstance(false),
    account: fromInstance(true),
  };

  return ({ key, digest, answer, status, expireTime, subject }) =>
    insertions[subject?.kind ?? 'none']({
      key,
      instance: subject?.instance ?? null,
      subject: subject?.kind ?? null,
      status,
      sealed_answer: seal(storeKey, label(key), Buffer.concat([digest, answer])),
      expire_time: expireTime.getTime(),
    });
}

/** What a row keeps. */
export function openAnswer(
  storeKey: Buffer,
  { key, status, sealed_answer }: Selectable<Schema['answered_request']>,
): AnsweredRequest {
  const opened = unseal(storeKey, label(key), sealed_answer);
  return { digest: opened.subarray(0, DIGEST_BYTES), answer: opened.subarray(DIGEST_BYTES), status };
}

/** Answers by request id; each is sealed with the store's key. */
export function requestLog(db: Kysely<Schema>, storeKey: Buffer, atomically: Atomically): RequestLog {
  const insertion = answerInsertion(db, storeKey);
  const firstInsertion = answerInsertion(db, storeKey, 'fail');
  const savingFirst = (kept: KeptAnswer, now: Date): Compilable[] => [
    db.deleteFrom('answered_request').where('key', '=', kept.key).where('expire_time', '<=', now.getTime()),
    firstInsertion(kept),
  ];

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
      await db.executeQuery(insertion(kept));
    },

    async saveFirst(kept, now) {
      try {
        await atomically(savingFirst(kept, now));
        return true;
      } catch (error) {
        if (isTaken(error)) return false;
        throw error;
      }
    },

    saving: (kept, now) => savingFirst(kept, now).map(writeOf),

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

/** That there is one of this key: in the words of SQLite, or of PostgreSQL. */
const isTaken = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || error.code === '23505');

/** Forgets the answers that speak of the account of an instance. */
export const accountAnswersRemoval = (db: Kysely<Schema>, instance: string): Compilable =>
  db.deleteFrom('answered_request').where('instance', '=', instance).where('subject', '=', 'account');
