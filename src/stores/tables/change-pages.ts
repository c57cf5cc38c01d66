import { type Expression, expressionBuilder, type Kysely, type SqlBool } from 'kysely';
import type { ChangeFilter, ChangeLog } from '../../instances/ports/history.js';
import { toRecord } from './change-rows.js';
import { invalidCursor } from './columns.js';
import type { Schema } from './schema.js';

/** Entries that are looked at for one page, however few of them match: a statement keeps others waiting. */
const LOOKED_AT = 10_000;

type Condition = Expression<SqlBool>;
/** Both belong to them. */
type Ids = { readonly from: number; readonly to: number };
const entry = expressionBuilder<Schema, 'privacy_change'>();

/** How the history is read; the cursor of a page is the id of its last entry. */
export function changePages(db: Kysely<Schema>): Pick<ChangeLog, 'list' | 'listAfter' | 'newestId'> {
  async function newestId() {
    const { last_id } = await db.selectFrom('change_counter').select('last_id').executeTakeFirstOrThrow();
    return last_id;
  }

  /**
   * The ids of a time. They grow with it, but for clocks that are set back: the entries next to a time bound them, and so
   * many of them that it would have to be set back over more than these for one to be missed.
   */
  async function idsOf({ start, end }: ChangeFilter): Promise<Ids> {
    const nextTo = (beyond: '>=' | '<', time: Date) =>
      db
        .selectFrom('privacy_change')
        .select('id')
        .where('time', beyond, time.getTime())
        .orderBy('time', beyond === '<' ? 'desc' : 'asc')
        .limit(LOOKED_AT)
        .as('near');
    const first =
      start &&
      db.selectFrom(nextTo('>=', start)).select(({ fn }) => fn.min<number | null>('near.id').as('id'));
    const last =
      end && db.selectFrom(nextTo('<', end)).select(({ fn }) => fn.max<number | null>('near.id').as('id'));
    return {
      from: first ? ((await first.executeTakeFirst())?.id ?? Number.MAX_SAFE_INTEGER) : 0,
      to: last ? ((await last.executeTakeFirst())?.id ?? 0) : Number.MAX_SAFE_INTEGER,
    };
  }

  /** A page, and the id of the last entry that was looked at for it; none after the last page. */
  async function page(order: 'asc' | 'desc', asked: Ids, filter: ChangeFilter, limit: number) {
    if (takesNone(filter)) return { changes: [], last: undefined };
    const timed = await idsOf(filter);
    // One bound at each end: of two a database may look at all entries up to the farther one.
    const ids = { from: Math.max(asked.from, timed.from), to: Math.min(asked.to, timed.to) };
    const inOrder = ({ from, to }: Ids) =>
      db
        .selectFrom('privacy_change')
        .where(eb => eb.and([eb('id', '>=', from), eb('id', '<=', to), ...indexed(filter)]))
        .orderBy('id', order);
    const others = notIndexed(filter);
    const end =
      others.length === 0
        ? undefined
        : await inOrder(ids)
            .select('id')
            .offset(LOOKED_AT - 1)
            .limit(1)
            .executeTakeFirst();
    const lookedAt = end ? { ...ids, [order === 'asc' ? 'to' : 'from']: end.id } : ids;
    const rows = await inOrder(lookedAt)
      .where(eb => eb.and(others))
      .selectAll()
      .limit(limit + 1)
      .execute();
    const last = rows.length > limit ? rows[limit - 1] : end;
    return { changes: rows.slice(0, limit).map(toRecord), last: last?.id };
  }

  return {
    newestId,

    async list(filter, { after, limit }) {
      const { changes, last } = await page('desc', { from: 0, to: idIn(after) - 1 }, filter, limit);
      return { changes, next: last?.toString() };
    },

    async listAfter(filter, id, limit, upTo) {
      const newest = upTo ?? (await newestId()); // First: what is written from here on is not looked at yet.
      const { changes, last } = await page('asc', { from: id + 1, to: newest }, filter, limit);
      return { changes, lookedAt: last ?? Math.max(id, newest), more: last !== undefined };
    },
  };
}

/** Whether a part takes nothing, which no statement can say: PostgreSQL knows no empty list. */
const takesNone = ({ instances, instanceUids, settings, origins, kinds }: ChangeFilter): boolean =>
  [instances, instanceUids, settings, origins, kinds].some(part => part?.length === 0);

/** What an index finds. */
const indexed = ({ instances }: ChangeFilter): Condition[] =>
  instances?.length === 1 ? [entry('instance', '=', instances[0] ?? '')] : [];

/** What entries have to be looked at for. */
function notIndexed(filter: ChangeFilter): Condition[] {
  const { instances, instanceUids, start, end, settings, origins, kinds } = filter;
  return [
    ...(instances && instances.length !== 1 ? [entry('instance', 'in', instances)] : []),
    ...(instanceUids ? [entry('instance_uid', 'in', instanceUids)] : []),
    ...(start ? [entry('time', '>=', start.getTime())] : []),
    ...(end ? [entry('time', '<', end.getTime())] : []),
    ...(settings ? [entry('setting', 'in', settings)] : []),
    ...(origins ? [entry('origin', 'in', origins)] : []),
    ...(kinds ? [entry('kind', 'in', kinds)] : []),
  ];
}

function idIn(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER;
  if (!/^\d{1,15}$/.test(cursor)) throw invalidCursor();
  return Number(cursor);
}
