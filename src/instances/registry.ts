import PQueue from 'p-queue';
import { PrivacyError } from '../domain/errors.js';
import { type ConnectionMode, type Instance, instanceEtag } from '../domain/instance.js';
import type { CallOptions } from './account/orders.js';
import type {
  ChangeLog,
  CredentialStore,
  InstanceLog,
  InstanceRecord,
  InstanceStore,
  WhatsApp,
} from './account/ports.js';
import { queued } from './account/queue.js';
import { iqTimeout } from './account/time-left.js';
import { connectTimes as laterConnectTimes } from './connecting/connect-times.js';
import { notUsable } from './connecting/connection-state.js';
import { dialer as openDialer } from './connecting/dialer.js';
import { idleConnections } from './connecting/idle-connections.js';
import type { Instances } from './instances.js';
import { linkInstance } from './link-instance.js';
import { type ManagedInstance, manage, type Surroundings } from './managed-instance.js';
import { readContactList } from './reading/read-contact-list.js';
import { readSettings } from './reading/read-settings.js';
import { updateContactList } from './updating/update-contact-list.js';
import { updateSettings, withNothingSent } from './updating/update-settings.js';
import { watchHub } from './watching/watch-hub.js';

/** Reads of many instances that one node sends to WhatsApp at the same time. */
const READS_AT_ONCE = 32;

/** The instances of one node. */
export type Registry = Instances & {
  /** Ends every connection; what is stored stays. */
  stop(): Promise<void>;
};

/** Takes over the stored instances and connects the linked ones. */
export async function openRegistry(options: {
  whatsApp: WhatsApp;
  instances: InstanceStore;
  credentials: CredentialStore;
  changes: ChangeLog;
  log: InstanceLog;
  budget: { setsPerHour: number; readsPerHour: number };
  /** `mode` is that of instances which have none of their own. */
  connections: { mode: ConnectionMode; idleMs: number; mostIdle: number };
}): Promise<Registry> {
  const dialer = openDialer(options.whatsApp, options.log);
  const watch = watchHub();
  const connectTimes = laterConnectTimes(options.instances, options.log);
  const surroundings: Surroundings = {
    dialer,
    store: options.instances,
    credentials: options.credentials,
    changes: options.changes,
    log: options.log,
    perHour: { sets: options.budget.setsPerHour, reads: options.budget.readsPerHour },
    watch,
    connectTimes,
    connectionMode: options.connections.mode,
    idle: idleConnections({ idleMs: options.connections.idleMs, most: options.connections.mostIdle }),
  };
  const members = new Map<string, ManagedInstance>();
  const reads = new PQueue({ concurrency: READS_AT_ONCE });
  const admit = (record: InstanceRecord): ManagedInstance => {
    const managed = manage(record, surroundings);
    members.set(record.name, managed);
    return managed;
  };
  for (const record of await options.instances.list()) admit(record);

  function find(name: string): ManagedInstance {
    const managed = members.get(name);
    if (!managed) throw new PrivacyError({ kind: 'INSTANCE_NOT_FOUND', instance: name });
    return managed;
  }

  /** Works with an instance, which stays connected meanwhile. */
  async function withConnection<T>(name: string, work: (managed: ManagedInstance) => Promise<T>): Promise<T> {
    const managed = find(name);
    using _ = managed.need();
    return await work(managed);
  }

  /** Ends the link at WhatsApp; the state must allow it. */
  async function endLink(managed: ManagedInstance, call: CallOptions): Promise<void> {
    const { instance, supervisor } = managed;
    const { connection } = supervisor;
    if (connection.state === 'unlinked') return;
    if (connection.state === 'suspended' || connection.state === 'conflict')
      throw notUsable(instance, connection);
    if (connection.state !== 'logged_out' && connection.state !== 'linking') {
      await managed.session(call);
      const confirmed = await supervisor.retire(session => session.logout(iqTimeout(call)));
      if (!confirmed) throw new PrivacyError({ kind: 'WHATSAPP_TIMEOUT', instance });
    }
    await managed.forgetAccount();
  }

  return {
    async create({ name, displayName, connectionMode }) {
      const record: InstanceRecord = {
        name,
        displayName,
        status: 'unlinked',
        statusReason: '',
        phoneNumber: '',
        createTime: new Date(),
        linkTime: undefined,
        lastConnectTime: undefined,
        retryTime: undefined,
        connectionMode,
      };
      if (members.has(name) || !(await options.instances.create(record)))
        throw new PrivacyError({ kind: 'INSTANCE_ALREADY_EXISTS', instance: name });
      return admit(record).view();
    },

    get: name => find(name).view(),

    async update(name, changed) {
      const managed = find(name);
      await managed.change(changed);
      return managed.view();
    },

    list({ after, limit, state }) {
      const matching: Instance[] = [...members.keys()]
        .filter(name => name > after)
        .sort()
        .map(name => find(name).view())
        .filter(instance => !state || instance.state === state);
      return { instances: matching.slice(0, limit), more: matching.length > limit };
    },

    async delete(name, etag, call) {
      const managed = find(name);
      const currentEtag = instanceEtag(managed.view());
      if (etag !== undefined && etag !== currentEtag)
        throw new PrivacyError({ kind: 'ETAG_MISMATCH', instance: name, etag, currentEtag });
      const isParked = managed.supervisor.connection.state === 'parked';
      await queued(managed.queue, name, call, async () => {
        using _ = managed.need();
        // WhatsApp may be out of reach; the phone then lists the device until it is removed there.
        if (isParked) await managed.session(call).catch(() => undefined);
        await managed.supervisor.retire(session => session.logout(iqTimeout(call)));
        await managed.supervisor.rest({ state: 'unlinked' });
        members.delete(name);
        watch.removed(name);
        await options.instances.remove(name);
      });
    },

    link: (name, method, call) => linkInstance(find(name), dialer, method, call),

    unlink: (name, call) =>
      withConnection(name, async managed => {
        await queued(managed.queue, name, call, () => endLink(managed, call));
        return managed.view();
      }),

    reconnect(name) {
      const managed = find(name);
      const { connection } = managed.supervisor;
      switch (connection.state) {
        case 'unlinked':
        case 'linking':
        case 'logged_out':
        case 'suspended':
          throw notUsable(name, connection);
        default:
          managed.supervisor.connect();
          return managed.view();
      }
    },

    readSettings: (name, maxAgeMs, call) =>
      withConnection(name, managed => readSettings(managed, maxAgeMs, call)),

    readEach: (names, maxAgeMs, call) =>
      Promise.allSettled(
        names.map(each =>
          withConnection(each, async managed => {
            await managed.session(call); // Those that wait for a connection are in nobody's way.
            return queued(reads, each, call, () => readSettings(managed, maxAgeMs, call));
          }),
        ),
      ),

    updateSettings: (name, order, call) =>
      withConnection(name, async managed => {
        // An unusable instance is told at once, not after its turn.
        await managed.session(call);
        return queued(managed.queue, name, call, () =>
          updateSettings(managed, order, order.unattended ? { ...call, signal: NEVER } : call),
        );
      }).catch((error: unknown) => {
        throw withNothingSent(error, name, order.wishes);
      }),

    readContactList: (name, setting, call) =>
      withConnection(name, async managed => (await readContactList(managed, setting, call)).contacts),

    updateContactList: (name, order, call) =>
      withConnection(name, async managed => {
        await managed.session(call);
        return queued(managed.queue, name, call, () => updateContactList(managed, order, call));
      }),

    listChanges: async (name, page) => {
      find(name);
      return options.changes.list(name, page);
    },

    watch: watch.watch,

    async stop() {
      await Promise.all([...members.values()].map(({ supervisor }) => supervisor.rest()));
      await connectTimes.flush();
    },
  };
}

const NEVER = new AbortController().signal;
