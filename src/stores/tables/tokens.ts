import type { Insertable, Kysely, Selectable } from 'kysely';
import type { TokenRecord, TokenStore } from '../../access/ports.js';
import { PrivacyError } from '../../domain/errors.js';
import type { Atomically } from './changes.js';
import { fromDate, invalidCursor, toDate } from './columns.js';
import type { Schema } from './schema.js';
import { writeOf } from './write.js';

/** The tokens; a page's cursor is the time and id of its last token. */
export function tokenStore(db: Kysely<Schema>, atomically: Atomically): TokenStore {
  const findBy = async (column: 'id' | 'digest', value: string | Buffer) => {
    const row = await db.selectFrom('token').selectAll().where(column, '=', value).executeTakeFirst();
    return row && toRecord(row);
  };

  const insertion = (record: TokenRecord) => {
    const { id, ...others } = toRow(record);
    return db
      .insertInto('token')
      .values({ id, ...others })
      .onConflict(conflict => conflict.column('id').doUpdateSet(others));
  };

  return {
    async put(record) {
      try {
        await insertion(record).execute();
      } catch (error) {
        if (record.instance !== undefined && isForeignKeyViolation(error)) {
          throw new PrivacyError({ kind: 'INSTANCE_NOT_FOUND', instance: record.instance }, { cause: error });
        }
        throw error;
      }
    },

    putting: record => writeOf(insertion(record)),

    findByDigest: digest => findBy('digest', Buffer.from(digest)),

    find: id => findBy('id', id),

    async list({ after, limit, now }) {
      const cursor = after === undefined ? undefined : parseCursor(after);
      const rows = await db
        .selectFrom('token')
        .selectAll()
        .where(where =>
          where.or([where('expire_time', 'is', null), where('expire_time', '>', now.getTime())]),
        )
        .$if(cursor !== undefined, query =>
          query.where(where =>
            where(where.refTuple('create_time', 'id'), '>', where.tuple(cursor?.time ?? 0, cursor?.id ?? '')),
          ),
        )
        .orderBy('create_time')
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return {
        tokens: page.map(toRecord),
        next: rows.length > limit && last !== undefined ? `${last.create_time}.${last.id}` : undefined,
      };
    },

    async expire(id, expireTime) {
      const { numUpdatedRows } = await db
        .updateTable('token')
        .set({ expire_time: expireTime.getTime() })
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    touch: uses =>
      atomically(
        [...uses].map(([id, time]) =>
          db.updateTable('token').set({ last_use_time: time.getTime() }).where('id', '=', id),
        ),
      ),

    async remove(id) {
      const { numDeletedRows } = await db.deleteFrom('token').where('id', '=', id).executeTakeFirstOrThrow();
      return numDeletedRows === 1n;
    },

    async prune(now, keep) {
      await db
        .deleteFrom('token')
        .where('expire_time', '<=', now.getTime())
        .where('id', '!=', keep)
        .execute();
    },
  };
}

function parseCursor(cursor: string): { time: number; id: string } {
  const [, time, id] = /^(\d{1,15})\.(.+)$/.exec(cursor) ?? [];
  if (time === undefined || id === undefined) throw invalidCursor();
  return { time: Number(time), id };
}

/** The code of SQLite, or of PostgreSQL. */
const isForeignKeyViolation = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'SQLITE_CONSTRAINT_FOREIGNKEY' || error.code === '23503');

const toRow = (record: TokenRecord): Insertable<Schema['token']> => ({
  id: record.id,
  kind: record.kind,
  instance: record.instance ?? null,
  access: record.access,
  label: record.label,
  create_time: record.createTime.getTime(),
  expire_time: fromDate(record.expireTime),
  last_use_time: fromDate(record.lastUseTime),
  digest: Buffer.from(record.digest),
  certificate_subject: record.certificateSubject ?? null,
});

const toRecord = (row: Selectable<Schema['token']>): TokenRecord => ({
  id: row.id,
  kind: row.kind,
  instance: row.instance ?? undefined,
  access: row.access,
  label: row.label,
  createTime: new Date(row.create_time),
  expireTime: toDate(row.expire_time),
  lastUseTime: toDate(row.last_use_time),
  digest: row.digest,
  certificateSubject: row.certificate_subject ?? undefined,
});
