import pg from 'pg';
import { isLoss, told, unavailable } from './failures.js';

/** A connection for one turn of work. Its failures are those that callers of the store are told. */
export type Connection = {
  query<Row extends pg.QueryResultRow>(
    sql: string,
    parameters: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>;
  /** Several statements without parameters in one round trip; the rows of each. */
  script(sql: string): Promise<readonly (readonly Record<string, unknown>[])[]>;
  /** Whether nothing more comes over it. */
  isLost(): boolean;
  /** `discard` ends it instead of keeping it for others. */
  release(discard?: boolean): void;
};

/** Connections to the database, at most so many. */
export type Connections = {
  connect(): Promise<Connection>;
  end(): Promise<void>;
};

/** How the database is reached. */
export type ConnectionOptions = {
  /** `postgres://…`, with what `pg` takes from it, sslmode and sslrootcert among it. */
  readonly url: string;
  readonly most: number;
  /** How long one statement may take; 0 for ever. */
  readonly statementMs: number;
  /** Hears why a connection ended that nobody used just then. */
  readonly onLoss: (cause: unknown) => void;
};

/** How long a connection may take to come about, or to become free. */
const CONNECT_MS = 5_000;
/** The server takes a transaction back when nothing is heard of it for so long. */
const IDLE_IN_TRANSACTION_MS = 10_000;
/** How much longer than a statement may take its answer may be on the way. */
const ANSWER_MS = 2_000;

/** `bigint` columns hold times and counts, which a number holds exactly. */
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format),
} as unknown as pg.CustomTypesConfig;

/** `pg` takes these modes for the strictest one now, and says with each that it will not always. */
function strict(url: string): string {
  const parsed = new URL(url);
  const mode = parsed.searchParams.get('sslmode');
  if (mode === 'require' || mode === 'verify-ca') parsed.searchParams.set('sslmode', 'verify-full');
  return parsed.href;
}

/** What every session of this program goes by. */
export const sessionOptions = ({ url, statementMs }: Pick<ConnectionOptions, 'url' | 'statementMs'>) => ({
  connectionString: strict(url),
  application_name: 'wa-privacy',
  connectionTimeoutMillis: CONNECT_MS,
  statement_timeout: statementMs,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  ...(statementMs > 0 && { query_timeout: statementMs + ANSWER_MS }),
  keepAlive: true,
  types,
});

/** Opens connections as they are needed. */
export function connections(options: ConnectionOptions): Connections {
  const { most, onLoss } = options;
  const pool = new pg.Pool({
    ...sessionOptions(options),
    max: most,
    async onConnect(client) {
      // Also while it is in use, when the pool does not listen: unheard it would end the process.
      client.on('error', onLoss);
      await refuseStandby(client);
    },
  });
  pool.on('error', onLoss);

  async function connect(): Promise<Connection> {
    const client = await pool.connect().catch((cause: unknown) => {
      throw unavailable(cause);
    });
    let lost = false;
    async function run<T>(work: () => Promise<T>): Promise<T> {
      try {
        return await work();
      } catch (error) {
        lost ||= isLoss(error);
        throw told(error);
      }
    }
    return {
      query: (sql, parameters) => run(() => client.query(sql, [...parameters])),
      script: sql =>
        run(async () => {
          const results: pg.QueryResult | pg.QueryResult[] = await client.query(sql);
          return [results].flat().map(({ rows }) => rows);
        }),
      isLost: () => lost,
      release: discard => client.release(discard === true || lost),
    };
  }

  return { connect, end: () => pool.end() };
}

/** A server that takes no writes would fail each of them. */
async function refuseStandby(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ standby: boolean }>('select pg_is_in_recovery() as standby');
  if (rows[0]?.standby !== false) throw new Error('The database server is a standby, which takes no writes');
}
