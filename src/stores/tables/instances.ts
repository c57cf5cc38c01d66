import type { Compilable, Kysely } from 'kysely';
import { PrivacyError } from '../../domain/errors.js';
import { UNREADABLE_PROXY } from '../../domain/proxy.js';
import type { InstanceRecord, InstanceStore } from '../../instances/ports/store.js';
import { seal, unseal } from '../sealing/envelope.js';
import { sealLabels, unsealLabels } from '../sealing/labels.js';
import type { Atomically, UnlessTaken } from './changes.js';
import { fromDate, toDate } from './columns.js';
import type { Schema } from './schema.js';
import { statementOf } from './write.js';

type Row = Schema['instance'];

/** The instances; phone numbers are sealed with the store's key. */
export function instanceStore(
  db: Kysely<Schema>,
  storeKey: Buffer,
  {
    atomically,
    unlessTaken,
    creating = () => [],
  }: {
    atomically: Atomically;
    unlessTaken: UnlessTaken;
    /** What else is written of an instance that is made. */
    creating?: (name: string) => readonly Compilable[];
  },
): InstanceStore {
  const toRecord = (row: Row): InstanceRecord => ({
    name: row.name,
    uid: row.uid,
    displayName: row.display_name,
    status: row.status,
    statusReason: row.status_reason,
    createTime: new Date(row.create_time),
    linkTime: toDate(row.link_time),
    lastConnectTime: toDate(row.last_connect_time),
    retryTime: toDate(row.retry_time),
    connectionMode: row.connection_mode ?? undefined,
    proxy: readProxy(row),
    lastPresenceTime: toDate(row.last_presence_time),
    presence: row.presence ?? undefined,
    revision: row.revision,
    labels: unsealLabels(storeKey, row.name, row.sealed_labels),
    ...readPhoneNumber(row),
  });

  const insertion = (record: InstanceRecord) =>
    db
      .insertInto('instance')
      .values(columnsOf(storeKey, record.name, record) as Row)
      .onConflict(conflict => conflict.column('name').doNothing());

  const createEach: InstanceStore['createEach'] = (news, alongWithAll = () => []) =>
    unlessTaken(
      news.map(({ record, along }) => ({
        first: insertion(record),
        others: [...creating(record.name), ...along.map(statementOf)],
      })),
      made => alongWithAll(made).map(statementOf),
    );

  async function storeTimes(
    column: 'last_connect_time' | 'last_presence_time',
    times: ReadonlyMap<string, Date>,
  ): Promise<void> {
    const queries = [...times].map(([name, time]) =>
      db
        .updateTable('instance')
        .set({ [column]: time.getTime() })
        .where('name', '=', name),
    );
    try {
      await atomically(queries, [...times.keys()]);
    } catch (error) {
      if (!(error instanceof PrivacyError && error.problem.kind === 'INSTANCE_MOVED')) throw error;
      const { instance } = error.problem;
      await storeTimes(column, new Map([...times].filter(([name]) => name !== instance)));
    }
  }

  /** One that is damaged must not keep the other instances from starting. */
  function readPhoneNumber({ name, sealed_phone_number }: Row) {
    try {
      return { phoneNumber: unsealPhoneNumber(storeKey, name, sealed_phone_number) };
    } catch (error) {
      return { phoneNumber: '', statusReason: error instanceof Error ? error.message : 'damaged' };
    }
  }

  /** One that is damaged must not be taken for none: the instance would connect past it. */
  function readProxy({ name, sealed_proxy }: Row): string | undefined {
    if (sealed_proxy === null) return undefined;
    try {
      return unseal(storeKey, proxyLabel(name), sealed_proxy).toString();
    } catch {
      return UNREADABLE_PROXY;
    }
  }

  return {
    create: async (record, along = []) => (await createEach([{ record, along }]))[0] ?? false,

    createEach,

    async list() {
      const rows = await db.selectFrom('instance').selectAll().execute();
      // Sorted here: a database orders text by its own collation.
      return rows.map(toRecord).sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async find(names) {
      if (names.length === 0) return [];
      const rows = await db.selectFrom('instance').selectAll().where('name', 'in', names).execute();
      return rows.map(toRecord);
    },

    async update(name, patch, along = []) {
      if (Object.keys(patch).length === 0) return;
      await atomically([instanceUpdate(db, storeKey, name, patch), ...along.map(statementOf)], [name]);
    },

    connected: times => storeTimes('last_connect_time', times),
    presenceTold: times => storeTimes('last_presence_time', times),

    remove: (name, along = []) =>
      atomically([...along.map(statementOf), db.deleteFrom('instance').where('name', '=', name)], [name]),
  };
}

/** A change of what is stored of an instance. */
export const instanceUpdate = (
  db: Kysely<Schema>,
  storeKey: Buffer,
  name: string,
  patch: Partial<InstanceRecord>,
): Compilable =>
  db
    .updateTable('instance')
    .set(columnsOf(storeKey, name, patch))
    .where('name', '=', name);

type Columns = {
  readonly [Field in keyof InstanceRecord]: (value: InstanceRecord[Field]) => Partial<Row>;
};

/** How each field of a record is stored; a record with a field more does not compile before it is here. */
const columns = (storeKey: Buffer, instance: string): Columns => ({
  name: name => ({ name }),
  uid: uid => ({ uid }),
  displayName: display_name => ({ display_name }),
  status: status => ({ status }),
  statusReason: status_reason => ({ status_reason }),
  phoneNumber: phoneNumber => ({ sealed_phone_number: sealPhoneNumber(storeKey, instance, phoneNumber) }),
  createTime: time => ({ create_time: time.getTime() }),
  linkTime: time => ({ link_time: fromDate(time) }),
  lastConnectTime: time => ({ last_connect_time: fromDate(time) }),
  retryTime: time => ({ retry_time: fromDate(time) }),
  connectionMode: mode => ({ connection_mode: mode ?? null }),
  proxy: proxy => ({
    sealed_proxy: proxy === undefined ? null : seal(storeKey, proxyLabel(instance), Buffer.from(proxy)),
  }),
  lastPresenceTime: time => ({ last_presence_time: fromDate(time) }),
  presence: presence => ({ presence: presence ?? null }),
  revision: revision => ({ revision }),
  labels: labels => ({ sealed_labels: sealLabels(storeKey, instance, labels) }),
});

/** The columns of the fields that are given: a whole row for a whole record. */
function columnsOf(storeKey: Buffer, instance: string, fields: Partial<InstanceRecord>): Partial<Row> {
  const stored = columns(storeKey, instance);
  const column = <Field extends keyof InstanceRecord>(field: Field) =>
    field in fields ? stored[field](fields[field] as InstanceRecord[Field]) : {};
  return Object.assign({}, ...(Object.keys(stored) as (keyof InstanceRecord)[]).map(column));
}

const proxyLabel = (instance: string) => ({ kind: 'proxy', instance });
const label = (instance: string) => ({ kind: 'phone number', instance });

/** A phone number as stored. */
export const sealPhoneNumber = (storeKey: Buffer, instance: string, phoneNumber: string): Buffer | null =>
  phoneNumber === '' ? null : seal(storeKey, label(instance), Buffer.from(phoneNumber));

/** A stored phone number; throws when it was changed or is another instance's. */
export const unsealPhoneNumber = (storeKey: Buffer, instance: string, sealed: Buffer | null): string =>
  sealed === null ? '' : unseal(storeKey, label(instance), sealed).toString();
