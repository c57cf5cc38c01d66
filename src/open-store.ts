import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from './config/config.js';
import type { Events } from './observability/events.js';
import { masterKey } from './stores/sealing/master-key.js';
import { sqliteStore } from './stores/sqlite/sqlite.js';
import type { Store } from './stores/store.js';

/** Opens the store that is configured, with the master key that is, or one that is made for it. */
export async function openStore(
  { dataDir, database, node, masterKey: configured, previousMasterKey }: Config,
  events: Events,
): Promise<Store> {
  const file = join(dataDir, 'wa-privacy.db');
  const master = masterKey({
    configured: configured?.reveal().toString('base64'),
    folder: dataDir,
    database: database ? undefined : file,
  });
  if (master.generated) events.masterKeyGenerated(join(dataDir, 'master-key'));
  const keys = {
    masterKey: master.key,
    previousMasterKey: previousMasterKey?.reveal(),
    onEditedToken: events.tokenEdited,
  };
  const store = database
    ? await openPostgres(database, keys, events, node !== undefined)
    : await sqliteStore({ file, ...keys });
  if (store.hasNewMasterKey) events.masterKeyChanged();
  return store;
}

/** Loaded only where it is used. */
async function openPostgres(
  { url, listenUrl, connections }: NonNullable<Config['database']>,
  keys: Omit<Parameters<typeof sqliteStore>[0], 'file'>,
  events: Events,
  isNode: boolean,
): Promise<Store> {
  const { postgresStore } = await import('./stores/postgres/postgres.js');
  return postgresStore({
    url: url.reveal(),
    mostConnections: connections,
    node: isNode ? { id: randomUUID(), listenUrl: listenUrl?.reveal() } : undefined,
    ...keys,
    onLoss: cause => events.taskFailed({ task: 'keeping the connection to the database', cause }),
  });
}
