import { createHmac, createSecretKey } from 'node:crypto';
import type { Database } from 'better-sqlite3';
import type { Compilable, Kysely } from 'kysely';
import type { CredentialStore, KeyChange, LinkRecord } from '../../instances/ports/store.js';
import { dataKeyLabel } from '../sealing/data-key.js';
import { newKey, seal, unseal } from '../sealing/envelope.js';
import { instanceUpdate, unsealPhoneNumber } from '../tables/instances.js';
import { accountAnswersRemoval } from '../tables/requests/request-log.js';
import type { Schema } from '../tables/schema.js';
import { statementOf } from '../tables/write.js';

type CredentialRow = { sealed_key: Buffer; sealed_credentials: Buffer };

const credentialsLabel = (instance: string) => ({ kind: 'credentials', instance });
const signalKeyLabel = (instance: string, type: string, id: string) => ({
  kind: 'Signal key',
  instance,
  id: JSON.stringify([type, id]),
});

/**
 * The credentials on SQLite. Nothing here waits: a write is committed and synced when the call returns its promise,
 * so that Baileys' synchronous `creds.update` handler can rely on it.
 *
 * @param committed Hears of what was written along.
 */
export function sqliteCredentials(
  database: Database,
  db: Kysely<Schema>,
  keys: { masterKey: Buffer; storeKey: Buffer },
  committed: (statements: readonly Compilable[]) => void,
): CredentialStore {
  const find = database.prepare<[string], CredentialRow>(
    'select sealed_key, sealed_credentials from credential where instance = ?',
  );
  const findPhoneNumber = database.prepare<[string], { sealed_phone_number: Buffer | null }>(
    'select sealed_phone_number from instance where name = ?',
  );
  const add = database.prepare(
    'insert into credential (instance, sealed_key, sealed_credentials) values (?, ?, ?)',
  );
  const replace = database.prepare('update credential set sealed_credentials = ? where instance = ?');
  const erase = database.prepare('delete from credential where instance = ?');
  const findKey = database.prepare<[string, Buffer], { sealed_value: Buffer }>(
    'select sealed_value from signal_key where instance = ? and id = ?',
  );
  const putKey = database.prepare(
    `insert into signal_key (instance, id, sealed_value) values (?, ?, ?)
       on conflict (instance, id) do update set sealed_value = excluded.sealed_value`,
  );
  const eraseKey = database.prepare('delete from signal_key where instance = ? and id = ?');

  const dataKeyOf = (instance: string, row: CredentialRow): Buffer =>
    unseal(keys.masterKey, dataKeyLabel(instance), row.sealed_key);

  const linkedDataKey = (instance: string): Buffer => {
    const row = find.get(instance);
    if (row === undefined) throw new Error(`Instance ${instance} has no credentials`);
    return dataKeyOf(instance, row);
  };

  const phoneNumberOf = (instance: string): string =>
    unsealPhoneNumber(keys.storeKey, instance, findPhoneNumber.get(instance)?.sealed_phone_number ?? null);

  const isPhoneNumberOf = (instance: string, phoneNumber: string): boolean => {
    try {
      return phoneNumberOf(instance) === phoneNumber;
    } catch {
      return false; // One that cannot be read any more may be another's.
    }
  };

  const keyId = (dataKey: Buffer, type: string, id: string): Buffer =>
    createHmac('sha256', createSecretKey(dataKey))
      .update(JSON.stringify([type, id]))
      .digest();

  const storedKey = (instance: string, dataKey: Buffer, type: string, id: string): Buffer | undefined => {
    const row = findKey.get(instance, keyId(dataKey, type, id));
    return row && unseal(dataKey, signalKeyLabel(instance, type, id), row.sealed_value);
  };

  const isStored = (instance: string, dataKey: Buffer, { type, id, value }: KeyChange): boolean => {
    try {
      return value !== undefined && storedKey(instance, dataKey, type, id)?.equals(value) === true;
    } catch {
      return false; // What cannot be read any more is replaced.
    }
  };

  return {
    async load(instance) {
      const row = find.get(instance);
      if (row === undefined) return undefined;
      phoneNumberOf(instance);
      return unseal(dataKeyOf(instance, row), credentialsLabel(instance), row.sealed_credentials);
    },

    async save(instance, credentials) {
      replace.run(seal(linkedDataKey(instance), credentialsLabel(instance), credentials), instance);
    },

    async saveLink(instance, credentials, { phoneNumber, linkTime }, along = []) {
      const record: LinkRecord = {
        status: 'linked',
        statusReason: '',
        phoneNumber,
        linkTime,
        retryTime: undefined,
      };
      const dataKey = newKey();
      database.transaction(() => {
        if (!isPhoneNumberOf(instance, phoneNumber)) runNow(database, accountAnswersRemoval(db, instance));
        erase.run(instance);
        add.run(
          instance,
          seal(keys.masterKey, dataKeyLabel(instance), dataKey),
          seal(dataKey, credentialsLabel(instance), credentials),
        );
        runNow(database, instanceUpdate(db, keys.storeKey, instance, record));
        for (const write of along) runNow(database, statementOf(write));
      })();
      committed(along.map(statementOf));
      forgetErased(database);
      return record;
    },

    async clear(instance, along = []) {
      database.transaction(() => {
        erase.run(instance);
        runNow(database, accountAnswersRemoval(db, instance));
        runNow(database, instanceUpdate(db, keys.storeKey, instance, UNLINKED));
        for (const write of along) runNow(database, statementOf(write));
      })();
      committed(along.map(statementOf));
      forgetErased(database);
      return UNLINKED;
    },

    async loadKeys(instance, type, ids) {
      const row = find.get(instance);
      const found = new Map<string, Uint8Array>();
      if (row === undefined) return found;
      const dataKey = dataKeyOf(instance, row);
      for (const id of ids) {
        const value = storedKey(instance, dataKey, type, id);
        if (value !== undefined) found.set(id, value);
      }
      return found;
    },

    async saveKeys(instance, changes) {
      const dataKey = linkedDataKey(instance);
      // Baileys writes some keys at every login as they are: nothing to sync then.
      const [only] = changes;
      if (changes.length === 1 && only && isStored(instance, dataKey, only)) return;
      database.transaction(() => {
        for (const { type, id, value } of changes) {
          const stored = keyId(dataKey, type, id);
          if (value === undefined) eraseKey.run(instance, stored);
          else putKey.run(instance, stored, seal(dataKey, signalKeyLabel(instance, type, id), value));
        }
      })();
    },
  };
}

const UNLINKED: LinkRecord = {
  status: 'unlinked',
  statusReason: '',
  phoneNumber: '',
  linkTime: undefined,
  retryTime: undefined,
};

/** Runs a statement without waiting, so that it can be part of a transaction; the number of rows that it wrote. */
export function runNow(database: Database, query: Compilable): number {
  const { sql, parameters } = query.compile();
  return database.prepare(sql).run(parameters).changes;
}

/** Writes erased rows out of the write-ahead log, where they would stay readable with the master key. */
export const forgetErased = (database: Database): void => {
  database.pragma('wal_checkpoint(TRUNCATE)');
};
