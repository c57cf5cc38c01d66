import type { Disconnect } from '../../../src/domain/disconnect.js';
import type { NodeOptions } from '../../../src/instances/member/node.js';
import type { DeviceReader } from '../../../src/instances/ports/imported-device.js';
import type { ReadReply, Session, WhatsApp } from '../../../src/instances/ports/ports.js';
import type { InstanceRecord } from '../../../src/instances/ports/store.js';
import { sqliteStore } from '../../../src/stores/sqlite/sqlite.js';
import { builtInOnly } from '../../../src/whatsapp/index.js';
import { DRAINED } from './drained.js';

/**
 * What a node is made of, with a store in memory and a WhatsApp that takes every login. How it answers a read may be set
 * while it runs.
 */
export async function nodeParts(connections: Partial<NodeOptions['connections']> = {}) {
  const store = await sqliteStore({ file: ':memory:', masterKey: Buffer.alloc(32, 'master key') });
  /** The instances that dialled, and those that read, in this order. */
  const dialled: string[] = [];
  const read: string[] = [];
  /** Those whose connection was closed here. */
  const closed: string[] = [];
  /** What the operator was told. */
  const states: string[] = [];
  const faults: unknown[] = [];
  const whatsApp = {
    read: async (): Promise<ReadReply> => ({
      kind: 'read',
      snapshot: { values: {}, others: [], categories: [], unreadable: [], observedAt: new Date() },
    }),
  };
  const pushes = new Map<string, () => void>();

  const connect: WhatsApp['connect'] = async (instance, { onPrivacyPush }) => {
    dialled.push(instance);
    pushes.set(instance, onPrivacyPush);
    const ended = Promise.withResolvers<Disconnect>();
    const session = {
      ended: ended.promise,
      offlineQueue: DRAINED,
      forgetTimer: () => undefined,
      async close() {
        closed.push(instance);
        ended.resolve({ code: undefined, text: 'closed' });
      },
      logout: async () => ({ kind: 'confirmed' }),
      async readPrivacy() {
        read.push(instance);
        return whatsApp.read();
      },
    } satisfies Partial<Session>;
    return { kind: 'open', session: session as unknown as Session };
  };
  const options: NodeOptions = {
    whatsApp: { connect, link: async () => ({ kind: 'cancelled' }), ...NO_DEVICES },
    instances: store.instances,
    credentials: store.credentials,
    changes: store.changes,
    versions: builtInOnly,
    log: {
      clientRefused: () => undefined,
      clientAccepted: () => undefined,
      instanceStateChanged: ({ state }) => states.push(state),
      presenceTold: () => undefined,
      presenceOverdue: () => undefined,
      taskFailed: ({ cause }) => faults.push(cause),
    },
    budget: {},

    sharedReadMs: 3_000,
    links: { perInstance: 0, perNumber: 0, perNode: 0 },
    connections: { mode: 'ALWAYS', idleMs: 60_000, mostIdle: 200, ...connections },
    presence: { mode: 'NONE', pulseEveryMs: 86_400_000 },
  };
  return {
    store,
    options,
    whatsApp,
    dialled,
    read,
    closed,
    states,
    faults,
    push: (name: string) => pushes.get(name)?.(),
  };
}

/** Nothing is imported. */
export const NO_DEVICES: DeviceReader = {
  importedDevice: async () => ({ kind: 'unusable', mistakes: ['nothing is imported here'] }),
  deviceIn: async () => '',
};

/** A stored instance that was linked and connected. */
export const linkedRecord = (name: string): InstanceRecord => ({
  name,
  uid: `uid of ${name}`,
  displayName: '',
  status: 'linked',
  statusReason: '',
  phoneNumber: '+15550100123',
  createTime: new Date(),
  linkTime: new Date(),
  lastConnectTime: new Date(),
  retryTime: undefined,
  connectionMode: undefined,
  proxy: undefined,
  lastPresenceTime: undefined,
  presence: undefined,
  revision: 0,
  labels: {},
});
