import pg from 'pg';

/** How long a connection may take to come about, or to become free. */
const CONNECT_MS = 5_000;
/** The server takes a transaction back when nothing is heard of it for so long. */
const IDLE_IN_TRANSACTION_MS = 10_000;
/** How much longer than a statement may take its answer may be on the way. */
const ANSWER_MS = 2_000;

/** What every session of this program goes by; `statementMs` is how long a statement may take, 0 for ever. */
export const sessionOptions = ({
  url,
  statementMs,
}: {
  readonly url: string;
  readonly statementMs: number;
}) => ({
  connectionString: strict(url),
  application_name: 'wa-privacy',
  connectionTimeoutMillis: CONNECT_MS,
  statement_timeout: statementMs,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  ...(statementMs > 0 && { query_timeout: statementMs + ANSWER_MS }),
  keepAlive: true,
  types: TYPES,
});

/** `pg` takes these modes for the strictest one now, and says with each that it will not always. */
function strict(url: string): string {
  const parsed = new URL(url);
  const mode = parsed.searchParams.get('sslmode');
  if (mode === 'require' || mode === 'verify-ca') parsed.searchParams.set('sslmode', 'verify-full');
  return parsed.href;
}

/** `bigint` columns hold times and counts, which a number holds exactly. */
const TYPES = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format),
} as unknown as pg.CustomTypesConfig;
