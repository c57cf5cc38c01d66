import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { makeDataFolder } from '../../src/access/secret-file.js';
import type { CredentialStore, InstanceRecord, KeyChange } from '../../src/instances/ports/store.js';
import { startSimulator } from '../../src/simulator/index.js';
import { postgresStore } from '../../src/stores/postgres/postgres.js';
import { masterKey } from '../../src/stores/sealing/master-key.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite.js';
import type { Store } from '../../src/stores/store.js';
import { whatsApp } from '../../src/whatsapp/index.js';

/** What one linked account leaves behind, as text in which its number and its LID can be put in another's place. */
export type Identity = {
  readonly phoneNumber: string;
  readonly lid: string;
  readonly credentials: string;
  readonly keys: readonly (readonly [type: string, id: string, value: string])[];
};

/** A simulated WhatsApp as its state file has it, with `identity` the only account. */
export type Template = {
  readonly state: {
    readonly keys: unknown;
    readonly accounts: readonly { readonly devices: readonly { readonly keys: { preKeys: unknown[] } }[] }[];
  };
  readonly identity: Identity;
};

/** Instances that are written at the same time. */
const SIMULTANEOUS = 64;
/** Over which a database is filled. */
const CONNECTIONS = 8;
const PHONE_NUMBER = '15550900000';
const LID = '299900000000000';
/** With fewer a login uploads new ones. */
const PRE_KEYS_ON_SERVER = 8;

/** Links one phone for real and logs in once, as every account of a fleet has done; the rest are its copies. */
export async function linkTemplate(folder: string): Promise<Template> {
  const stateFile = join(folder, 'template.json');
  const simulator = await startSimulator({ stateFile, behaviour: { refresh: 'never' } });
  const phone = simulator.addPhone({ phoneNumber: PHONE_NUMBER, lid: LID });
  const store = await sqliteStore({ file: ':memory:', masterKey: Buffer.alloc(32, 1) });
  await store.instances.create(recordOf('template'));
  const keys = new Map<string, KeyChange>();
  const credentials: CredentialStore = {
    ...store.credentials,
    saveKeys(instance, changes) {
      for (const change of changes) keys.set(`${change.type} ${change.id}`, change);
      return store.credentials.saveKeys(instance, changes);
    },
  };
  const adapter = whatsApp({
    ...simulator,
    credentials,
    log: {
      stanzaRefused: () => undefined,
      frameDropped: () => undefined,
      stanzaOwed: console.error,
      queueStalled: console.error,
      taskFailed: ({ cause }) => console.error(cause),
    },
  });
  const { signal } = new AbortController();
  const linked = await adapter.link(
    'template',
    { kind: 'qr' },
    { signal, expectedPhoneNumber: undefined, onCode: ({ code }) => void phone.scan(code) },
  );
  if (linked.kind !== 'linked') throw new Error(`not linked: ${linked.kind}`);
  const opened = await adapter.connect('template', { signal, onPrivacyPush: () => undefined });
  if (opened.kind !== 'open') throw new Error(opened.disconnect.text);
  await opened.session.readPrivacy(10_000);
  await opened.session.close();
  await simulator.stop();

  const stored = await store.credentials.load('template');
  await store.close();
  const preKeys = [...keys.values()].filter(({ type }) => type === 'pre-key');
  const latest = preKeys.toSorted((a, b) => Number(a.id) - Number(b.id)).at(-1);
  const kept = [...keys.values()].filter(change => change.type !== 'pre-key' || change === latest);
  const state: Template['state'] = JSON.parse(readFileSync(stateFile, 'utf8'));
  for (const device of state.accounts.flatMap(({ devices }) => devices))
    device.keys.preKeys.splice(PRE_KEYS_ON_SERVER);
  return {
    state,
    identity: {
      phoneNumber: PHONE_NUMBER,
      lid: LID,
      credentials: Buffer.from(stored ?? []).toString(),
      keys: kept.flatMap(({ type, id, value }) => (value ? [[type, id, Buffer.from(value).toString()]] : [])),
    },
  };
}

/** The copy of the template with this number. */
export function copyOf({ identity }: Template, index: number): Identity {
  const phoneNumber = `1556${String(index).padStart(7, '0')}`;
  const lid = `1001${String(index).padStart(11, '0')}`;
  const other = (text: string) => text.replaceAll(PHONE_NUMBER, phoneNumber).replaceAll(LID, lid);
  const keys = identity.keys.map(([type, id, value]) => [other(type), other(id), other(value)] as const);
  return { phoneNumber, lid, credentials: other(identity.credentials), keys };
}

/** Writes the state of a WhatsApp on which so many copies are linked. */
export function writeSimulatorState(template: Template, size: number, file: string): void {
  const account = JSON.stringify(template.state.accounts[0]);
  const copies = Array.from({ length: size }, (_, index) => copyOf(template, index));
  const accounts = copies.map(({ phoneNumber, lid }) =>
    account.replaceAll(PHONE_NUMBER, phoneNumber).replaceAll(LID, lid),
  );
  const people = copies.map(({ phoneNumber, lid }) => ({ phoneNumber, lid }));
  const keys = JSON.stringify(template.state.keys);
  writeFileSync(file, `{"keys":${keys},"people":${JSON.stringify(people)},"accounts":[${accounts.join()}]}`);
}

/** Fills the data folder of a service with linked instances. */
export async function writeDataFolder(folder: string, identities: readonly Identity[]): Promise<void> {
  makeDataFolder(folder);
  const file = join(folder, 'wa-privacy.db');
  const { key } = masterKey({ configured: undefined, folder, database: file });
  await fill(await sqliteStore({ file, masterKey: key }), identities);
}

/** The same of a database, which is empty and which nobody uses yet. */
export async function writeDatabase(
  url: string,
  key: Buffer,
  identities: readonly Identity[],
): Promise<void> {
  await fill(await postgresStore({ url, masterKey: key, mostConnections: CONNECTIONS }), identities);
}

/** Fills a store with linked instances, and closes it. */
async function fill({ instances, credentials, close }: Store, identities: readonly Identity[]) {
  const write = async (identity: Identity, index: number) => {
    const name = instanceName(index);
    const link = { phoneNumber: `+${identity.phoneNumber}`, linkTime: new Date() };
    const keys = identity.keys.map(([type, id, value]) => ({ type, id, value: Buffer.from(value) }));
    await instances.create(recordOf(name));
    await credentials.saveLink(name, Buffer.from(identity.credentials), link);
    await credentials.saveKeys(name, keys);
    await instances.update(name, { lastConnectTime: link.linkTime });
  };
  // Side by side, so that a store that writes in groups is not waited for by each.
  const queue = new PQueue({ concurrency: SIMULTANEOUS });
  await queue.addAll(identities.map((identity, index) => () => write(identity, index)));
  await close();
}

export const instanceName = (index: number): string => `desk-${String(index).padStart(5, '0')}`;

const recordOf = (name: string): InstanceRecord => ({
  name,
  uid: name,
  displayName: '',
  status: 'unlinked',
  statusReason: '',
  phoneNumber: '',
  createTime: new Date(),
  linkTime: undefined,
  lastConnectTime: undefined,
  retryTime: undefined,
  connectionMode: undefined,
  proxy: undefined,
  lastPresenceTime: undefined,
  presence: undefined,
  revision: 0,
  labels: {},
});
