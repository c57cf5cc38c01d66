import { type Expression, expressionBuilder, type Kysely, type SqlBool } from 'kysely';
import type { ChangeFilter, ChangeLog } from '../../instances/ports/history.js';
import { toRecord } from './change-rows.js';
import { invalidCursor } from './columns.js';
import type { Schema } from './schema.js';

/** Entries that are looked at for one page, however few of them match: a statement keeps the calls waiting. */
const LOOKED_AT = 10_000;

type Condition = Expression<SqlBool>;
const entry = expressionBuilder<Schema, 'privacy_change'>();

/** How the history is read; the cursor of a page is the id of its last entry. */
export function changePages(db: Kysely<Schema>): Pick<ChangeLog, 'list' | 'listAfter' | 'newestId'> {
  async function newestId() {
    const { last_id } = await db.selectFrom('change_counter').select('last_id').executeTakeFirstOrThrow();
    return last_id;
  }

  /** A page, and the id of the last entry that was looked at for it; none after the last page. */
  async function page(order: 'asc' | 'desc', behind: Condition, filter: ChangeFilter, limit: number) {
    const inOrder = (...conditions: Condition[]) =>
      db
        .selectFrom('privacy_change')
        .where(eb => eb.and(conditions))
        .orderBy('id', order);
    if (takesNone(filter)) return { changes: [], last: undefined };
    const range = [behind, ...indexed(filter)];
    const others = notIndexed(filter);
    const end =
      others.length === 0
        ? undefined
        : await inOrder(...range)
            .select('id')
            .offset(LOOKED_AT - 1)
            .limit(1)
            .executeTakeFirst();
    const bound = end ? [entry('id', order === 'asc' ? '<=' : '>=', end.id)] : [];
    const rows = await inOrder(...range, ...bound, ...others)
      .selectAll()
      .limit(limit + 1)
      .execute();
    const last = rows.length > limit ? rows[limit - 1] : end;
    return { changes: rows.slice(0, limit).map(toRecord), last: last?.id };
  }

  return {
    newestId,

    async list(filter, { after, limit }) {
      const { changes, last } = await page('desc', entry('id', '<', idIn(after)), filter, limit);
      return { changes, next: last?.toString() };
    },

    async listAfter(filter, id, limit, upTo) {
      const newest = upTo ?? (await newestId()); // First: what is written from here on is not looked at yet.
      const behind = entry.and([entry('id', '>', id), entry('id', '<=', newest)]);
      const { changes, last } = await page('asc', behind, filter, limit);
      return { changes, lookedAt: last ?? Math.max(id, newest), more: last !== undefined };
    },
  };
}

/** Whether a part takes nothing, which no statement can say: PostgreSQL knows no empty list. */
const takesNone = ({ instances, instanceUids, settings, origins, kinds }: ChangeFilter): boolean =>
  [instances, instanceUids, settings, origins, kinds].some(part => part?.length === 0);

/** What an index finds. Ids grow with time, but for clocks that are set: the first and last of a time bound them. */
function indexed({ instances, start, end }: ChangeFilter): Condition[] {
  const ids = entry.selectFrom('privacy_change as timed');
  const first = ids.select(({ fn }) => fn.min('timed.id').as('id'));
  const last = ids.select(({ fn }) => fn.max('timed.id').as('id'));
  return [
    ...(instances?.length === 1 ? [entry('instance', '=', instances[0] ?? '')] : []),
    ...(start ? [entry('id', '>=', first.where('timed.time', '>=', start.getTime()))] : []),
    ...(end ? [entry('id', '<=', last.where('timed.time', '<', end.getTime()))] : []),
  ];
}

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
