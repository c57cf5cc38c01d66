// 0.1: the name of the client certificate that a token is bound to.
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('token').addColumn('certificate_subject', 'text').execute();
}
