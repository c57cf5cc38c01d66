import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import type { ChangeFilter } from '../../src/instances/ports/history.js';
import { migrate } from '../../src/stores/migrations/index.js';
import { openDatabase } from '../../src/stores/sqlite/thread/open-database.js';
import { changePages } from '../../src/stores/tables/change-pages.js';
import type { Schema } from '../../src/stores/tables/schema.js';
import { at, MASTER_KEY } from './contract/records.js';

/** The history of a new database, and what is asked of the database for it. */
async function watchedPages() {
  const database = openDatabase(':memory:');
  onTestFinished(() => void database.close());
  const asked: CompiledQuery[] = [];
  const db = new Kysely<Schema>({
    dialect: new SqliteDialect({ database }),
    log: ({ query }) => void asked.push(query),
  });
  await migrate(db, [MASTER_KEY]);
  asked.length = 0;
  const plansOf = ({ sql, parameters }: CompiledQuery) =>
    database.prepare<unknown[], { detail: string }>(`explain query plan ${sql}`).all(...parameters);
  return {
    ...changePages(db),
    asked,
    plans: () => asked.flatMap(query => plansOf(query).map(({ detail }) => detail)),
  };
}

test.each<ChangeFilter>([
  { instances: [] },
  { instanceUids: [] },
  { settings: [] },
  { origins: [] },
  { kinds: [] },
  { instances: ['a'], instanceUids: [], kinds: ['TOKEN_CREATED'] },
])('%j, which takes no entry, asks for none in a way that PostgreSQL would refuse', async filter => {
  const { list, listAfter, asked } = await watchedPages();
  expect(await list(filter, { after: undefined, limit: 5 })).toEqual({ changes: [], next: undefined });
  expect(await listAfter(filter, 3, 5)).toEqual({ changes: [], lookedAt: 3, more: false });
  expect(asked.map(({ sql }) => sql).filter(sql => /\(\s*\)/.test(sql))).toEqual([]);
});

test.each<ChangeFilter>([
  {},
  { instances: ['a'] },
  { instanceUids: ['uid of a', 'uid of b'] },
  { instances: ['a'], instanceUids: ['uid of a'] },
  { start: at(1) },
  { end: at(2) },
  { instances: ['a'], start: at(1), end: at(2) },
  { settings: ['status'] },
  { origins: ['OTHER_DEVICE'] },
  { kinds: ['TOKEN_CREATED'], start: at(1) },
])('entries of %j are found by an index in the order of their ids, and not sorted', async filter => {
  const { list, listAfter, asked, plans } = await watchedPages();
  await list(filter, { after: undefined, limit: 5 });
  await listAfter(filter, 0, 5);
  const details = plans();
  const ofHistory = details.filter(detail => /privacy_change|B-TREE/.test(detail));
  expect(ofHistory.length).toBeGreaterThan(1);
  for (const detail of ofHistory)
    expect(detail).toMatch(
      /^SEARCH privacy_change USING .*\((time[<>]\?|(instance=\? AND )?id>\? AND id<\?)\)$/,
    );
  // Of two bounds SQLite takes the first, and looks at all entries up to the other.
  for (const { sql } of asked.filter(each => each.sql.includes('"id" >='))) {
    expect(sql.match(/"id" >/g)).toHaveLength(1);
    expect(sql.match(/"id" </g)).toHaveLength(1);
  }
});
