import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CallOptions } from '../../src/instances/ports/orders.js';
import type { CredentialStore } from '../../src/instances/ports/store.js';
import { openRegistry, type Registry } from '../../src/instances/registry.js';
import { type Phone, type Simulator, startSimulator } from '../../src/simulator/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite.js';
import type { Store } from '../../src/stores/store.js';
import { builtInOnly, whatsApp } from '../../src/whatsapp/index.js';
import { QUIET_LOG } from '../support/quiet-log.js';

/** The instance whose rows fail; the other one's do not. */
const DESK = 'desk';
const OTHER = 'other';
const PATIENCE = { timeout: 20_000, interval: 20 };

let simulator: Simulator;
let store: Store;
let registry: Registry;
const phones = new Map<string, Phone>();
const faults: { task: string; instance: string }[] = [];
let failing: 'nothing' | 'writes' | 'reads';

/** The store, of which one instance's rows fail on demand. */
function failingFor(instance: string, credentials: CredentialStore): CredentialStore {
  const guarded =
    <A extends [string, ...unknown[]], R>(kind: 'writes' | 'reads', method: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (failing === kind && args[0] === instance) throw new Error('disk full');
      return method(...args);
    };
  return {
    load: guarded('reads', name => credentials.load(name)),
    loadKeys: guarded('reads', (name, type, ids) => credentials.loadKeys(name, type, ids)),
    save: guarded('writes', (name, bytes) => credentials.save(name, bytes)),
    saveKeys: guarded('writes', (name, changes) => credentials.saveKeys(name, changes)),
    saveLink: guarded('writes', (name, bytes, link) => credentials.saveLink(name, bytes, link)),
    clear: guarded('writes', name => credentials.clear(name)),
  };
}

const soon = (): CallOptions => ({
  deadline: performance.now() + 20_000,
  signal: new AbortController().signal,
});
const inState = (name: string, state: string) =>
  vi.waitFor(() => expect(registry.get(name)).toMatchObject({ state }), PATIENCE);
const stateReason = (reason: string) =>
  vi.waitFor(() => expect(registry.get(DESK)).toMatchObject({ stateReason: reason }), PATIENCE);

async function linkPhone(name: string) {
  const phone = simulator.addPhone({ phoneNumber: `1555040000${phones.size}` });
  phones.set(name, phone);
  await registry.create({ name, displayName: '' }, {});
  for await (const event of registry.link(name, { kind: 'qr' }, soon()))
    if (event.kind === 'code') void phone.scan(event.code.code);
}

beforeEach(async () => {
  failing = 'nothing';
  phones.clear();
  faults.length = 0;
  simulator = await startSimulator();
  store = await sqliteStore({ file: ':memory:', masterKey: Buffer.alloc(32, 7) });
  const credentials = failingFor(DESK, store.credentials);
  const log = {
    ...QUIET_LOG,
    instanceStateChanged: () => undefined,
    clientRefused: () => undefined,
    clientAccepted: () => undefined,
    presenceTold: () => undefined,
    presenceOverdue: () => undefined,
    taskFailed: (fault: { task: string; instance: string }) => void faults.push(fault),
  };
  registry = await openRegistry({
    whatsApp: whatsApp({ url: simulator.url, rootKey: simulator.rootKey, credentials, log }),
    versions: builtInOnly,
    instances: store.instances,
    credentials,
    changes: store.changes,
    log,
    budget: {},

    sharedReadMs: 3_000,
    links: { perInstance: 0, perNumber: 0, perNode: 0 },
    connections: { mode: 'ALWAYS', idleMs: 60_000, mostIdle: 200 },
    presence: { mode: 'NONE', pulseEveryMs: 86_400_000 },
  });
  await linkPhone(DESK);
  await linkPhone(OTHER);
});
afterEach(async () => {
  await registry.stop();
  await store.close();
  await simulator.stop();
});

test('a store that refuses the credentials of an instance ends its session alone, which says why', async () => {
  const before = await store.credentials.load(DESK);
  const since = registry.get(OTHER).lastConnectTime;
  failing = 'writes';
  // The server tells something new that is to be kept.
  simulator.behaviour.edgeRouting = true;
  phones.get(DESK)?.streamError(515);
  await stateReason('The credentials could not be stored');
  expect(faults).toContainEqual(expect.objectContaining({ task: 'storing the credentials', instance: DESK }));
  expect(registry.get(OTHER)).toMatchObject({ state: 'CONNECTED', lastConnectTime: since });
  expect(await store.credentials.load(DESK)).toEqual(before);

  failing = 'nothing';
  await inState(DESK, 'CONNECTED');
  expect(phones.get(DESK)?.devices()).toMatchObject([{ device: 1, connected: true }]);
});

test('a store that cannot be read is no instance without credentials: nothing is dialled or linked', async () => {
  const phone = phones.get(DESK);
  failing = 'reads';
  const logins = simulator.inject({
    match: { on: 'login', phoneNumber: phone?.phoneNumber ?? '' },
    effect: { do: 'delay', ms: 0 },
    times: Infinity,
  });
  phone?.streamError(503);
  await stateReason('The stored credentials could not be read');
  expect(registry.get(DESK).state).toBe('CONNECTING');
  expect(logins.hits()).toBe(0);
  expect(registry.get(OTHER).state).toBe('CONNECTED');

  failing = 'nothing';
  await inState(DESK, 'CONNECTED');
  expect(logins.hits()).toBe(1);
  expect(phone?.devices()).toHaveLength(1);
});
