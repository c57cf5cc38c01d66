import type { Kysely, Selectable, Updateable } from 'kysely';
import type { InstanceRecord, InstanceStore } from '../../instances/account/ports.js';
import { seal, unseal } from '../sealing/envelope.js';
import type { Atomically } from './changes.js';
import { fromDate, toDate } from './columns.js';
import type { Schema } from './schema.js';

/** The instances; phone numbers are sealed with the store's key. */
export function instanceStore(db: Kysely<Schema>, storeKey: Buffer, atomically: Atomically): InstanceStore {
  const toRecord = (row: Selectable<Schema['instance']>): InstanceRecord => ({
    name: row.name,
    displayName: row.display_name,
    status: row.status,
    statusReason: row.status_reason,
    createTime: new Date(row.create_time),
    linkTime: toDate(row.link_time),
    lastConnectTime: toDate(row.last_connect_time),
    retryTime: toDate(row.retry_time),
    connectionMode: row.connection_mode ?? undefined,
    ...readPhoneNumber(row),
  });

  /** One that is damaged must not keep the other instances from starting. */
  function readPhoneNumber({ name, sealed_phone_number }: Selectable<Schema['instance']>) {
    try {
      return { phoneNumber: unsealPhoneNumber(storeKey, name, sealed_phone_number) };
    } catch (error) {
      return { phoneNumber: '', statusReason: error instanceof Error ? error.message : 'damaged' };
    }
  }

  return {
    async create(record) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('instance')
        .values({
          name: record.name,
          display_name: record.displayName,
          status: record.status,
          status_reason: record.statusReason,
          sealed_phone_number: sealPhoneNumber(storeKey, record.name, record.phoneNumber),
          create_time: record.createTime.getTime(),
          link_time: fromDate(record.linkTime),
          last_connect_time: fromDate(record.lastConnectTime),
          retry_time: fromDate(record.retryTime),
          connection_mode: record.connectionMode ?? null,
        })
        .onConflict(conflict => conflict.column('name').doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },

    async list() {
      const rows = await db.selectFrom('instance').selectAll().execute();
      // Sorted here: a database orders text by its own collation.
      return rows.map(toRecord).sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async update(name, patch) {
      const columns: Updateable<Schema['instance']> = {
        ...(patch.displayName !== undefined && { display_name: patch.displayName }),
        ...(patch.status !== undefined && { status: patch.status }),
        ...(patch.statusReason !== undefined && { status_reason: patch.statusReason }),
        ...(patch.phoneNumber !== undefined && {
          sealed_phone_number: sealPhoneNumber(storeKey, name, patch.phoneNumber),
        }),
        ...('linkTime' in patch && { link_time: fromDate(patch.linkTime) }),
        ...('lastConnectTime' in patch && { last_connect_time: fromDate(patch.lastConnectTime) }),
        ...('retryTime' in patch && { retry_time: fromDate(patch.retryTime) }),
        ...('connectionMode' in patch && { connection_mode: patch.connectionMode ?? null }),
      };
      if (Object.keys(columns).length === 0) return;
      await db.updateTable('instance').set(columns).where('name', '=', name).execute();
    },

    connected: times =>
      atomically(
        [...times].map(([name, time]) =>
          db.updateTable('instance').set({ last_connect_time: time.getTime() }).where('name', '=', name),
        ),
      ),

    async remove(name) {
      await db.deleteFrom('instance').where('name', '=', name).execute();
    },
  };
}

const label = (instance: string) => ({ kind: 'phone number', instance });

/** A phone number as stored. */
export const sealPhoneNumber = (storeKey: Buffer, instance: string, phoneNumber: string): Buffer | null =>
  phoneNumber === '' ? null : seal(storeKey, label(instance), Buffer.from(phoneNumber));

/** A stored phone number; throws when it was changed or is another instance's. */
export const unsealPhoneNumber = (storeKey: Buffer, instance: string, sealed: Buffer | null): string =>
  sealed === null ? '' : unseal(storeKey, label(instance), sealed).toString();
