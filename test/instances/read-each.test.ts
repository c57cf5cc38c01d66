import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Disconnect } from '../../src/domain/disconnect.js';
import type { Snapshot } from '../../src/domain/settings/snapshot.js';
import type { ReadReply, Session, WhatsApp } from '../../src/instances/ports/ports.js';
import { openRegistry, type Registry } from '../../src/instances/registry.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite.js';
import type { Store } from '../../src/stores/store.js';
import { builtInOnly } from '../../src/whatsapp/index.js';
import { DRAINED } from './support/drained.js';
import { NO_DEVICES } from './support/node-parts.js';

const SIZE = 100;
const READS_AT_ONCE = 32;

const names = Array.from({ length: SIZE }, (_, index) => `desk-${String(index).padStart(3, '0')}`);
const snapshot = (): Snapshot => ({
  values: { last_seen: 'all' },
  others: [],
  categories: [],
  unreadable: [],
  observedAt: new Date(),
});
const limits = (ms: number) => ({ deadline: performance.now() + ms, signal: new AbortController().signal });

/** The reads under way; `answer` decides how each ends. */
const reads = { now: 0, most: 0, answer: async (): Promise<void> => {} };

/** A session that answers reads, and nothing else. */
function sessionThatReads(session: Session): Session {
  const readPrivacy = async (): Promise<ReadReply> => {
    reads.most = Math.max(reads.most, ++reads.now);
    await reads.answer();
    reads.now--;
    return { kind: 'read', snapshot: snapshot() };
  };
  return { ...session, readPrivacy };
}

const connect: WhatsApp['connect'] = async () => {
  const ended = Promise.withResolvers<Disconnect>();
  const close = async () => ended.resolve({ code: undefined, text: 'closed' });
  const session = { ended: ended.promise, close, offlineQueue: DRAINED } as Partial<Session> as Session;
  return { kind: 'open', session: sessionThatReads(session) };
};

let store: Store;
let registry: Registry;

beforeEach(async () => {
  store = await sqliteStore({ file: ':memory:', masterKey: Buffer.alloc(32, 'master key') });
  for (const name of names) {
    await store.instances.create({
      name,
      uid: name,
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
  }
  reads.answer = async () => {};
  registry = await openRegistry({
    whatsApp: { connect, link: async () => ({ kind: 'cancelled' }), ...NO_DEVICES },
    versions: builtInOnly,
    instances: store.instances,
    credentials: store.credentials,
    changes: store.changes,
    log: {
      instanceStateChanged: () => undefined,
      clientRefused: () => undefined,
      clientAccepted: () => undefined,
      presenceTold: () => undefined,
      presenceOverdue: () => undefined,
      taskFailed: () => undefined,
    },
    budget: {},

    sharedReadMs: 3_000,
    links: { perInstance: 0, perNumber: 0, perNode: 0 },
    connections: { mode: 'ALWAYS', idleMs: 60_000, mostIdle: 200 },
    presence: { mode: 'NONE', pulseEveryMs: 86_400_000 },
  });
  await expect.poll(() => names.every(name => registry.get(name).state === 'CONNECTED')).toBe(true);
  await expect.poll(() => reads.now).toBe(0);
  reads.most = 0;
});
afterEach(async () => {
  await registry.stop();
  await store.close();
});

describe('a read of many instances', () => {
  test('asks WhatsApp for a bounded number at once', async () => {
    reads.answer = () => new Promise(resolve => setTimeout(resolve, 10));
    const read = await registry.readEach(names, undefined, limits(60_000));
    expect(read.map(({ status }) => status)).toEqual(Array(SIZE).fill('fulfilled'));
    expect(reads.most).toBe(READS_AT_ONCE);
  });

  test('is over when its time is, with an error for each that was not read', async () => {
    const release = Promise.withResolvers<void>();
    reads.answer = () => release.promise;
    const started = Date.now();
    const read = await registry.readEach(names, undefined, limits(300));
    expect(Date.now() - started).toBeLessThan(5000);
    for (const one of read)
      expect(one).toMatchObject({ status: 'rejected', reason: { problem: { kind: 'DEADLINE_TOO_SHORT' } } });
    expect(reads.most).toBe(READS_AT_ONCE);
    release.resolve();
  });

  test('asks for nothing that is known', async () => {
    reads.answer = () => Promise.reject(new Error('nobody should ask'));
    const read = await registry.readEach(names, 60_000, limits(60_000));
    expect(read.map(({ status }) => status)).toEqual(Array(SIZE).fill('fulfilled'));
  });
});
