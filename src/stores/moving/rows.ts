import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../tables/schema.js';
import { type Row, TABLES, type Table } from './tables.js';

/** Rows that are held in memory at a time. */
const BATCH = 500;

/** Tells the rows of a table from others, whatever their order: databases order text each in its own way. */
export type Digest = { readonly rows: number; readonly sha256: string };

/** The rows of a table, in batches. */
export async function* rowsOf(db: Kysely<Schema>, table: Table): AsyncGenerator<readonly Row[]> {
  const key = TABLES[table];
  const columns = sql.join(key.map(name => sql.ref(name)));
  for (let last: Row | undefined; ; ) {
    const behind: Row | undefined = last;
    const after = behind
      ? sql`where (${columns}) > (${sql.join(key.map(name => sql.val(behind[name])))})`
      : sql``;
    const { rows } = await sql<Row>`
      select * from ${sql.table(table)} ${after} order by ${columns} limit ${sql.lit(BATCH)}`.execute(db);
    if (rows.length > 0) yield rows;
    if (rows.length < BATCH) return;
    last = rows.at(-1);
  }
}

/** Takes rows in, and tells their digest. */
export function digester() {
  const hashes: string[] = [];
  return {
    take(rows: readonly Row[]) {
      for (const row of rows) hashes.push(hashOf(row));
    },
    digest: (): Digest => ({
      rows: hashes.length,
      sha256: createHash('sha256').update(hashes.sort().join('\n')).digest('hex'),
    }),
  };
}

/** The digest of what a table holds. */
export async function digestOf(db: Kysely<Schema>, table: Table): Promise<Digest> {
  const { take, digest } = digester();
  for await (const rows of rowsOf(db, table)) take(rows);
  return digest();
}

function hashOf(row: Row): string {
  const columns = Object.keys(row).sort();
  const values = columns.map(name => {
    const value = row[name];
    return [name, Buffer.isBuffer(value) ? { bytes: value.toString('base64') } : value];
  });
  return createHash('sha256').update(JSON.stringify(values)).digest('hex');
}
