import pg from 'pg';
import { isLoss, told, unavailable } from './failures.js';
import { sessionOptions } from './session-options.js';

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
  /** `postgres://…`, with sslmode and sslrootcert. */
  readonly url: string;
  readonly most: number;
  /** How long one statement may take; 0 for ever. */
  readonly statementMs: number;
  /** Hears why a connection ended that nobody used just then. */
  readonly onLoss: (cause: unknown) => void;
};

/** A connection that nobody uses is kept for so long. */
const IDLE_MS = 60_000;

/** Opens connections as they are needed. */
export function connections(options: ConnectionOptions): Connections {
  const { most, onLoss } = options;
  const pool = new pg.Pool({
    ...sessionOptions(options),
    max: most,
    idleTimeoutMillis: IDLE_MS,
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
