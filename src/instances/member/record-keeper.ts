import type { Author } from '../../domain/author.js';
import { wallTime } from '../../domain/time/wall-time.js';
import type { Write } from '../../domain/write.js';
import { lifecycleEntry } from '../account/lifecycle.js';
import { type ConnectionState, storedOf } from '../connecting/connection-state.js';
import type { InstanceRecord, LinkRecord } from '../ports/store.js';
import type { Node } from './node.js';

/** The record of one instance: what memory holds is what the store holds, or will once the writes under way are done. */
export interface RecordKeeper {
  readonly record: InstanceRecord;
  /**
   * Stores a change of a caller's, after those before it; the record has it once it is stored. Fulfils with what changed.
   *
   * @param patchOf What that is, of the record as it is when the change has its turn; throws to refuse it.
   */
  change(
    author: Author | undefined,
    patchOf: (record: InstanceRecord) => Partial<InstanceRecord>,
  ): Promise<Partial<InstanceRecord>>;
  /** The connection is in this state now: stores what outlives the process. */
  entered(connection: ConnectionState): void;
  /** It told its presence then. */
  presenceTold(time: Date): void;
  /** The credential store wrote this. */
  written(record: LinkRecord): void;
  /** Forgets the credentials, and what the record says of the account. */
  clear(author: Author | undefined): Promise<void>;
  /** Fulfils when every change so far is stored, or refused. */
  saved(): Promise<void>;
}

/** Keeps the record of one instance, which is stored as it is given. */
export function recordKeeper(
  initial: InstanceRecord,
  {
    store,
    credentials,
    changes,
    connectTimes,
    presenceTimes,
    writes,
    log,
  }: Pick<Node, 'store' | 'credentials' | 'changes' | 'connectTimes' | 'presenceTimes' | 'writes' | 'log'>,
): RecordKeeper {
  const instance = initial.name;
  let record = initial;
  let saving: Promise<void> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = saving.then(work);
    saving = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  const write = (patch: Partial<InstanceRecord>, along: readonly Write[]): Promise<void> =>
    store.update(instance, patch, along).catch((cause: unknown) => {
      log.taskFailed({ task: 'storing the instance', instance, cause });
      throw cause;
    });

  function written(part: LinkRecord) {
    record = { ...record, ...part };
  }

  /** Where the record says all but when, that is stored later, together with others. */
  function connected(patch: Partial<InstanceRecord>): Partial<InstanceRecord> | undefined {
    const lastConnectTime = notBefore(record.linkTime, wallTime());
    if (record.status !== 'linked' || neverConnected(record)) return { ...patch, lastConnectTime };
    record = { ...record, lastConnectTime };
    connectTimes.note(instance, lastConnectTime);
    return undefined;
  }

  return {
    get record() {
      return record;
    },
    change: (author, patchOf) =>
      writes.add(
        inTurn(async () => {
          const changed = { ...patchOf(record), revision: record.revision + 1 };
          await write(changed, changes.appending([lifecycleEntry('INSTANCE_UPDATED', record, author)]));
          record = { ...record, ...changed };
          return changed;
        }),
      ),
    entered(connection) {
      const stored = storedOf(connection);
      const patch = stored && connection.state === 'connected' ? connected(stored) : stored;
      if (!patch) return;
      const isLoggedOut = patch.status === 'logged_out' && record.status !== 'logged_out';
      record = { ...record, ...patch };
      const entries = isLoggedOut ? [lifecycleEntry('INSTANCE_LOGGED_OUT', record, undefined)] : [];
      inTurn(() => write(patch, changes.appending(entries))).catch(() => undefined); // Logged by `write`.
    },
    presenceTold(lastPresenceTime) {
      record = { ...record, lastPresenceTime };
      presenceTimes.note(instance, lastPresenceTime);
    },
    written,
    async clear(author) {
      await saving;
      const entry = lifecycleEntry('INSTANCE_UNLINKED', record, author);
      written(await credentials.clear(instance, changes.appending([entry])));
    },
    saved: () => saving,
  };
}

/** A wall time that was set back must not make a login look older than its link. */
const notBefore = (earliest: Date | undefined, time: Date): Date =>
  earliest && earliest > time ? earliest : time;

/** Whether no login with the present link has succeeded. */
export const neverConnected = ({ linkTime, lastConnectTime }: InstanceRecord): boolean =>
  linkTime !== undefined && (lastConnectTime === undefined || lastConnectTime < linkTime);
