import type { Kysely } from 'kysely';
import type { RequestLog } from '../../access/ports.js';
import { seal, unseal } from '../sealing/envelope.js';
import type { Schema } from './schema.js';

const DIGEST_BYTES = 32;
const label = (key: string) => ({ kind: 'answer to a request', instance: '', id: key });

/** Answers by request id; each is sealed with the store's key. */
export const requestLog = (db: Kysely<Schema>, storeKey: Buffer): RequestLog => ({
  async find(key, now) {
    const row = await db
      .selectFrom('answered_request')
      .selectAll()
      .where('key', '=', key)
      .where('expire_time', '>', now.getTime())
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const opened = unseal(storeKey, label(key), row.sealed_answer);
    return {
      digest: opened.subarray(0, DIGEST_BYTES),
      answer: opened.subarray(DIGEST_BYTES),
      status: row.status,
    };
  },

  async save(key, { digest, answer, status }, expireTime) {
    const columns = {
      status,
      sealed_answer: seal(storeKey, label(key), Buffer.concat([digest, answer])),
      expire_time: expireTime.getTime(),
    };
    await db
      .insertInto('answered_request')
      .values({ key, ...columns })
      .onConflict(conflict => conflict.column('key').doUpdateSet(columns))
      .execute();
  },

  async prune(now) {
    await db.deleteFrom('answered_request').where('expire_time', '<=', now.getTime()).execute();
  },
});
