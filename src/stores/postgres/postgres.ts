import { setTimeout } from 'node:timers/promises';
import { Kysely, PostgresDialect, type PostgresPool, sql } from 'kysely';
import { PrivacyError } from '../../domain/errors.js';
import { migrate } from '../migrations/index.js';
import { deriveKey } from '../sealing/store-key.js';
import type { Store } from '../store.js';
import { changeLog } from '../tables/changes.js';
import { versionStore } from '../tables/client-version.js';
import { historyGrowth } from '../tables/history-growth.js';
import { instanceStore } from '../tables/instances.js';
import { applyLog } from '../tables/requests/apply-log.js';
import { requestLog } from '../tables/requests/request-log.js';
import type { Schema } from '../tables/schema.js';
import { changeMasterKey } from '../tables/sealed/change-master-key.js';
import { credentialStore } from '../tables/sealed/credentials.js';
import { ensureStoreKey, openStoreKey } from '../tables/store-key.js';
import { tokenStore } from '../tables/tokens.js';
import { commitMarks } from './commit-marks.js';
import { type Connections, connections } from './connections.js';
import { isUnavailable } from './failures.js';
import { holdDatabase } from './hold.js';
import { fences } from './shared/fences.js';
import { type Newsdesk, newsroom } from './shared/newsroom.js';
import { firstLease, sharedBetweenNodes } from './shared/shared-store.js';
import { transactions } from './transactions.js';

/** Where the data is and what opens it; the keys are of 32 bytes. */
export type PostgresOptions = {
  /** `postgres://…`, which leads to the server that takes writes. */
  readonly url: string;
  /** Connections at most, besides one that has the lock. */
  readonly mostConnections: number;
  readonly masterKey: Buffer;
  /** The one that the data may still be under. */
  readonly previousMasterKey?: Buffer | undefined;
  /** Hears the id of a token whose row somebody has edited who has no master key. */
  readonly onEditedToken?: (id: string) => void;
  /** Hears why a connection to the database is lost. */
  readonly onLoss?: (cause: unknown) => void;
  /** Of a process that shares the database with others; undefined: it has it alone. */
  readonly node?:
    | {
        /** Its first one, and what tells its connections from those of others. */
        readonly id: string;
        /** Leads past poolers of sessions; undefined: `url` does. */
        readonly listenUrl: string | undefined;
      }
    | undefined;
};

/** As servers number themselves: 14.0. */
const OLDEST_SERVER = 140_000;
/** How long a statement may take. */
export const STATEMENT_MS = 10_000;
/** The end waits so long for statements under way. */
const PATIENCE_MS = 2_000;
/** What keeps a node alive is tried again rather than waited for. */
const RENEWAL = { most: 2, statementMs: 2_000 };
const WRITE_AGAIN_MS = 500;

/** Queries over these connections. */
export const queriesOver = (pool: Connections): Kysely<Schema> =>
  // Kysely's type has cursors too, which nothing here uses.
  new Kysely<Schema>({ dialect: new PostgresDialect({ pool: pool as unknown as PostgresPool }) });

/**
 * Everything in a PostgreSQL database, for one process at a time or for several nodes; throws when another has it
 * otherwise, and when the data is under neither of the master keys. While the server cannot be reached everything fails with STORE_UNAVAILABLE.
 */
export async function postgresStore(options: PostgresOptions): Promise<Store> {
  const { url, masterKey, previousMasterKey, mostConnections, node } = options;
  const { onEditedToken = () => undefined, onLoss = () => undefined } = options;
  const hold = await holdDatabase(node?.listenUrl ?? url, onLoss, node ? 'with_nodes' : 'alone');
  const pool = connections({ url, most: mostConnections, statementMs: STATEMENT_MS, onLoss });
  const renewals = connections({ url, ...RENEWAL, onLoss });
  const whileHeld = (those: Connections): Connections => ({
    ...those,
    async connect() {
      hold.check();
      return those.connect();
    },
  });
  const held = whileHeld(pool);
  const ending = new AbortController();
  let desk: Newsdesk | undefined;
  const db = queriesOver(held);
  let closing: Promise<void> | undefined;
  async function closeNow() {
    ending.abort();
    await desk?.close();
    await Promise.race([
      Promise.all([pool.end(), renewals.end()]),
      setTimeout(PATIENCE_MS, undefined, { ref: false }),
    ]);
    await hold.release();
  }
  const close = () => (closing ??= closeNow());
  try {
    await migrateAll(url, previousMasterKey ? [masterKey, previousMasterKey] : [masterKey]);
    await ensureStoreKey(db, masterKey);
    const growth = historyGrowth();
    const newMark = await commitMarks(held, node?.id ?? '', ending.signal);
    const fence = node && fences(node.id);
    desk = node && (await newsroom(node.listenUrl ?? url, node.id, onLoss));
    const { atomically, unlessTaken } = transactions(held, newMark, growth, fence);
    const hasNewMasterKey =
      previousMasterKey !== undefined &&
      (await changeMasterKey(db, atomically, { from: previousMasterKey, to: masterKey }));
    const storeKey = await openStoreKey(db, masterKey);
    const opening = await countOpening(db);
    if (!node) hold.since(opening);
    const changes = changeLog(db, atomically, growth);
    const store: Store = {
      instances: instanceStore(db, storeKey, {
        atomically,
        unlessTaken,
        ...(fence && { creating: name => [firstLease(db, name, fence.self())] }),
      }),
      credentials: credentialStore(db, { masterKey, storeKey }, { atomically, unlessTaken }),
      changes: {
        ...changes,
        append: entries => untilWritten(() => changes.append(entries), ending.signal),
        resolve: resolution => untilWritten(() => changes.resolve(resolution), ending.signal),
      },
      tokens: tokenStore(db, storeKey, { atomically, unlessTaken, onEdited: onEditedToken }),
      requests: requestLog(db, storeKey, atomically),
      applies: applyLog(db, storeKey, atomically),
      versions: versionStore(db),
      isShared: true,
      deriveKey: purpose => deriveKey(storeKey, purpose),
      hasNewMasterKey,
      backUp: noBackUp,
      close,
    };
    if (!fence || !desk) return store;
    return sharedBetweenNodes(store, {
      db,
      connections: held,
      renewing: whileHeld(renewals),
      unlessTaken,
      fences: fence,
      desk,
      growth,
    });
  } catch (error) {
    await close();
    throw error;
  }
}

/** Over connections of its own: a migration takes as long as it takes. */
async function migrateAll(url: string, masterKeys: readonly Buffer[]): Promise<void> {
  const db = queriesOver(connections({ url, most: 2, statementMs: 0, onLoss: () => undefined }));
  try {
    const { rows } = await sql<{ version: number }>`
      select current_setting('server_version_num')::int as version`.execute(db);
    const version = rows[0]?.version ?? 0;
    if (version < OLDEST_SERVER)
      throw new Error(`The database server is older than PostgreSQL ${OLDEST_SERVER / 10_000} (${version})`);
    await migrate(db, masterKeys);
  } finally {
    await db.destroy();
  }
}

async function countOpening(db: Kysely<Schema>): Promise<number> {
  const { epoch } = await db
    .updateTable('store_key')
    .set(({ eb }) => ({ epoch: eb('epoch', '+', 1) }))
    .returning('epoch')
    .executeTakeFirstOrThrow();
  return epoch;
}

/** For what tells of things that have happened: it waits for the server to be back. */
async function untilWritten(write: () => Promise<void>, ended: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (ended.aborted || !isUnavailable(error)) throw error;
      await setTimeout(WRITE_AGAIN_MS, undefined, { signal: ended }).catch(() => undefined);
    }
  }
}

/** PostgreSQL has its own, which also bring back a moment in between. */
function noBackUp(): never {
  throw new PrivacyError({ kind: 'BACKUP_NOT_SUPPORTED' });
}
