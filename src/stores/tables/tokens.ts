import type { Kysely, Selectable } from 'kysely';
import type { TokenRecord, TokenStore } from '../../access/ports.js';
import { PrivacyError } from '../../domain/errors.js';
import { readSelector } from '../../domain/labels/parse-selector.js';
import { selectorText } from '../../domain/labels/selector.js';
import { tokenMacs } from '../sealing/token-mac.js';
import type { Atomically, UnlessTaken } from './changes.js';
import { fromDate, invalidCursor, toDate } from './columns.js';
import type { Schema } from './schema.js';
import { statementOf, writeOf } from './write.js';

type Row = Selectable<Schema['token']>;

/**
 * The tokens; a page's cursor is the time and id of its last token. A row that was edited past the store is no token;
 * `onEdited` hears of it, once of each.
 */
export function tokenStore(
  db: Kysely<Schema>,
  storeKey: Buffer,
  {
    atomically,
    unlessTaken,
    onEdited,
  }: { atomically: Atomically; unlessTaken: UnlessTaken; onEdited: (id: string) => void },
): TokenStore {
  const macOf = tokenMacs(storeKey);
  const edited = new Set<string>();

  function isGenuine(row: Row): boolean {
    if (row.mac?.equals(macOf(row))) return true;
    if (!edited.has(row.id)) onEdited(row.id);
    edited.add(row.id);
    return false;
  }

  const findBy = async (column: 'id' | 'digest', value: string | Buffer): Promise<Row | undefined> => {
    const row = await db.selectFrom('token').selectAll().where(column, '=', value).executeTakeFirst();
    return row && isGenuine(row) ? row : undefined;
  };

  const recordBy = async (column: 'id' | 'digest', value: string | Buffer) => {
    const row = await findBy(column, value);
    return row && toRecord(row);
  };

  const insertion = (record: TokenRecord) => {
    const row = toRow(record);
    const { id, ...others } = { ...row, mac: macOf(row) };
    return db
      .insertInto('token')
      .values({ id, ...others })
      .onConflict(conflict => conflict.column('id').doUpdateSet(others));
  };

  /** Of another id, as a row may say that was edited. */
  const removalOfDigest = ({ id, digest }: TokenRecord) =>
    db.deleteFrom('token').where('digest', '=', Buffer.from(digest)).where('id', '!=', id);

  return {
    async put(record, along = []) {
      try {
        await atomically([removalOfDigest(record), insertion(record), ...along.map(statementOf)]);
      } catch (error) {
        if (record.instance !== undefined && isForeignKeyViolation(error)) {
          throw new PrivacyError({ kind: 'INSTANCE_NOT_FOUND', instance: record.instance }, { cause: error });
        }
        throw error;
      }
    },

    putting: record => writeOf(insertion(record)),

    findByDigest: digest => recordBy('digest', Buffer.from(digest)),

    find: id => recordBy('id', id),

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
        tokens: page.filter(isGenuine).map(toRecord),
        next: rows.length > limit && last !== undefined ? `${last.create_time}.${last.id}` : undefined,
      };
    },

    async expire(id, expireTime, along = []) {
      for (let row = await findBy('id', id); row !== undefined; row = await findBy('id', id)) {
        const expired = { ...row, expire_time: expireTime.getTime() };
        const update = db
          .updateTable('token')
          .set({ expire_time: expired.expire_time, mac: macOf(expired) })
          .where('id', '=', id)
          .where('mac', '=', row.mac);
        const [isDone] = await unlessTaken([{ first: update, others: along.map(statementOf) }], () => []);
        if (isDone) return true;
      }
      return false;
    },

    touch: uses =>
      atomically(
        [...uses].map(([id, time]) =>
          db
            .updateTable('token')
            .set({ last_use_time: time.getTime() })
            .where('id', '=', id)
            // Another node may have written down a later one.
            .where(({ eb, or }) =>
              or([eb('last_use_time', 'is', null), eb('last_use_time', '<', time.getTime())]),
            ),
        ),
      ),

    remove: (id, along = []) =>
      unlessTaken(
        [{ first: db.deleteFrom('token').where('id', '=', id), others: along.map(statementOf) }],
        () => [],
      ).then(([isDone = false]) => isDone),

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

const toRow = (record: TokenRecord): Omit<Row, 'mac'> => ({
  id: record.id,
  kind: record.kind,
  instance: record.instance ?? null,
  access: record.access,
  label: record.displayName,
  create_time: record.createTime.getTime(),
  expire_time: fromDate(record.expireTime),
  last_use_time: fromDate(record.lastUseTime),
  digest: Buffer.from(record.digest),
  certificate_subject: record.certificateSubject ?? null,
  label_selector: record.selector ? selectorText(record.selector) : null,
});

const toRecord = (row: Row): TokenRecord => ({
  id: row.id,
  kind: row.kind,
  instance: row.instance ?? undefined,
  access: row.access,
  displayName: row.label,
  createTime: new Date(row.create_time),
  expireTime: toDate(row.expire_time),
  lastUseTime: toDate(row.last_use_time),
  digest: row.digest,
  certificateSubject: row.certificate_subject ?? undefined,
  selector: row.label_selector === null ? undefined : readSelector(row.label_selector),
});
