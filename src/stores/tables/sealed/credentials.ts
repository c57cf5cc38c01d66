import { createHmac, createSecretKey } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { CredentialStore, KeyChange, LinkRecord } from '../../../instances/ports/store.js';
import { dataKeyLabel } from '../../sealing/data-key.js';
import { newKey, seal, unseal } from '../../sealing/envelope.js';
import type { Atomically, UnlessTaken } from '../changes.js';
import { instanceUpdate, unsealPhoneNumber } from '../instances.js';
import { accountAnswersRemoval } from '../requests/request-log.js';
import type { Schema } from '../schema.js';
import { statementOf } from '../write.js';

const credentialsLabel = (instance: string) => ({ kind: 'credentials', instance });
const signalKeyLabel = (instance: string, type: string, id: string) => ({
  kind: 'Signal key',
  instance,
  id: JSON.stringify([type, id]),
});

/** The data key of the present link, and the row's own word for it, by which a write knows that link again. */
type DataKey = { readonly key: Buffer; readonly sealed: Buffer };

/** The credentials, and the Signal keys under the data key of each link. */
export function credentialStore(
  db: Kysely<Schema>,
  keys: { readonly masterKey: Buffer; readonly storeKey: Buffer },
  { atomically, unlessTaken }: { readonly atomically: Atomically; readonly unlessTaken: UnlessTaken },
): CredentialStore {
  const noCredentials = (instance: string) => new Error(`Instance ${instance} has no credentials`);

  async function findDataKey(instance: string): Promise<DataKey | undefined> {
    const row = await db
      .selectFrom('credential')
      .select('sealed_key')
      .where('instance', '=', instance)
      .executeTakeFirst();
    return (
      row && { key: unseal(keys.masterKey, dataKeyLabel(instance), row.sealed_key), sealed: row.sealed_key }
    );
  }

  async function dataKeyOf(instance: string): Promise<DataKey> {
    const found = await findDataKey(instance);
    if (!found) throw noCredentials(instance);
    return found;
  }

  /** Of the link that has this data key: another one since then is none of the writer's. */
  const updateOf = (instance: string, { sealed }: DataKey) =>
    db.updateTable('credential').where('instance', '=', instance).where('sealed_key', '=', sealed);

  const erasure = (instance: string) => db.deleteFrom('credential').where('instance', '=', instance);

  async function isNumberOf(instance: string, phoneNumber: string): Promise<boolean> {
    const row = await db
      .selectFrom('instance')
      .select('sealed_phone_number')
      .where('name', '=', instance)
      .executeTakeFirst();
    try {
      return unsealPhoneNumber(keys.storeKey, instance, row?.sealed_phone_number ?? null) === phoneNumber;
    } catch {
      return false; // One that cannot be read any more may be another's.
    }
  }

  const keyId = ({ key }: DataKey, type: string, id: string): Buffer =>
    createHmac('sha256', createSecretKey(key))
      .update(JSON.stringify([type, id]))
      .digest();

  async function storedKeys(instance: string, dataKey: DataKey, type: string, ids: readonly string[]) {
    const idOf = new Map(ids.map(id => [keyId(dataKey, type, id).toString('hex'), id]));
    const found = new Map<string, Buffer>();
    if (idOf.size === 0) return found; // No statement takes an empty list everywhere.
    const rows = await db
      .selectFrom('signal_key')
      .select(['id', 'sealed_value'])
      .where('instance', '=', instance)
      .where(
        'id',
        'in',
        [...idOf.keys()].map(hex => Buffer.from(hex, 'hex')),
      )
      .execute();
    for (const row of rows) {
      const id = idOf.get(row.id.toString('hex')) ?? '';
      found.set(id, unseal(dataKey.key, signalKeyLabel(instance, type, id), row.sealed_value));
    }
    return found;
  }

  async function isStored(
    instance: string,
    dataKey: DataKey,
    { type, id, value }: KeyChange,
  ): Promise<boolean> {
    if (value === undefined) return false;
    // What cannot be opened any more is replaced.
    const found = await storedKeys(instance, dataKey, type, [id]).catch(() => undefined);
    return found?.get(id)?.equals(value) === true;
  }

  /** At most one statement for what is written and one for what is forgotten, in the order of the ids: so no two wait for each other. */
  function keyWrites(instance: string, dataKey: DataKey, changes: readonly KeyChange[]) {
    const byId = new Map<string, Buffer | undefined>();
    for (const { type, id, value } of changes)
      byId.set(
        keyId(dataKey, type, id).toString('hex'),
        value && seal(dataKey.key, signalKeyLabel(instance, type, id), value),
      );
    const rows = [...byId]
      .sort()
      .map(([hex, sealed_value]) => ({ id: Buffer.from(hex, 'hex'), sealed_value }));
    const written = rows.flatMap(({ id, sealed_value }) =>
      sealed_value ? [{ instance, id, sealed_value }] : [],
    );
    const forgotten = rows.flatMap(({ id, sealed_value }) => (sealed_value ? [] : [id]));
    return [
      ...(written.length === 0
        ? []
        : [
            db
              .insertInto('signal_key')
              .values(written)
              .onConflict(conflict =>
                conflict
                  .columns(['instance', 'id'])
                  .doUpdateSet(({ ref }) => ({ sealed_value: ref('excluded.sealed_value') })),
              ),
          ]),
      ...(forgotten.length === 0
        ? []
        : [db.deleteFrom('signal_key').where('instance', '=', instance).where('id', 'in', forgotten)]),
    ];
  }

  return {
    async load(instance) {
      const row = await db
        .selectFrom('credential')
        .innerJoin('instance', 'instance.name', 'credential.instance')
        .select(['sealed_key', 'sealed_credentials', 'sealed_phone_number'])
        .where('credential.instance', '=', instance)
        .executeTakeFirst();
      if (!row) return undefined;
      unsealPhoneNumber(keys.storeKey, instance, row.sealed_phone_number);
      const dataKey = unseal(keys.masterKey, dataKeyLabel(instance), row.sealed_key);
      return unseal(dataKey, credentialsLabel(instance), row.sealed_credentials);
    },

    async save(instance, credentials) {
      const dataKey = await dataKeyOf(instance);
      const sealed_credentials = seal(dataKey.key, credentialsLabel(instance), credentials);
      const first = updateOf(instance, dataKey).set({ sealed_credentials });
      const [isWritten] = await unlessTaken([{ first, others: [] }], () => [], [instance]);
      if (!isWritten) throw noCredentials(instance);
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
      const isSameAccount = await isNumberOf(instance, phoneNumber);
      const queries = [
        ...(isSameAccount ? [] : [accountAnswersRemoval(db, instance)]),
        erasure(instance),
        db.insertInto('credential').values({
          instance,
          sealed_key: seal(keys.masterKey, dataKeyLabel(instance), dataKey),
          sealed_credentials: seal(dataKey, credentialsLabel(instance), credentials),
        }),
        instanceUpdate(db, keys.storeKey, instance, record),
        ...along.map(statementOf),
      ];
      await atomically(queries, [instance]);
      return record;
    },

    async clear(instance, along = []) {
      const queries = [
        erasure(instance),
        accountAnswersRemoval(db, instance),
        instanceUpdate(db, keys.storeKey, instance, UNLINKED),
        ...along.map(statementOf),
      ];
      await atomically(queries, [instance]);
      return UNLINKED;
    },

    async loadKeys(instance, type, ids) {
      const dataKey = await findDataKey(instance);
      return dataKey ? storedKeys(instance, dataKey, type, ids) : new Map();
    },

    async saveKeys(instance, changes) {
      const dataKey = await dataKeyOf(instance);
      // Baileys writes some keys at every login as they are: nothing to commit then.
      const [only] = changes;
      if (changes.length === 1 && only && (await isStored(instance, dataKey, only))) return;
      const touched = updateOf(instance, dataKey).set(({ ref }) => ({ sealed_key: ref('sealed_key') }));
      const [isWritten] = await unlessTaken(
        [{ first: touched, others: keyWrites(instance, dataKey, changes) }],
        () => [],
        [instance],
      );
      if (!isWritten) throw noCredentials(instance);
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
