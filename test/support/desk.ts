import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, vi } from 'vitest';
import {
  type Instance,
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Effect, FaultMatch, Phone } from '../../src/simulator/index.js';
import type { Service } from './service.js';

/** A linked instance and its phone. */
export type Desk = { readonly instance: string; readonly phone: Phone };
/** Brings a disconnect about. */
export type Disconnecting = (service: Service, desk: Desk) => Promise<void>;

/** How long a test waits for a state. */
export const PATIENCE = { timeout: 30_000, interval: 20 };

/** Waits until the service has heard what the phone did: before, it plans by what it knew. */
export const heard = (phone: Phone): Promise<void> => expect.poll(() => phone.owed()).toEqual([]);

export async function view(service: Service, desk: Desk): Promise<Instance> {
  const { instance } = await service.client.call(Instances.getInstance, { instance: desk.instance });
  if (!instance) throw new Error('an answer without the instance');
  return instance;
}

/** The instance as soon as it is as the test waits for. */
export const viewOnce = (
  service: Service,
  desk: Desk,
  isIt: (instance: Instance) => boolean,
): Promise<Instance> =>
  vi.waitFor(async () => {
    const seen = await view(service, desk);
    if (!isIt(seen)) throw new Error(`still ${InstanceState[seen.state]} ${seen.stateReason}`);
    return seen;
  }, PATIENCE);

export const viewIn = (service: Service, desk: Desk, state: keyof typeof InstanceState): Promise<Instance> =>
  viewOnce(service, desk, instance => InstanceState[instance.state] === state);

export const reconnect = ({ client }: Service, { instance }: Desk) =>
  client.call(Instances.reconnectInstance, { instance: instance });

/** Fails the instance's next connection somewhere on its way to a login. */
export const onTheWay =
  (on: FaultMatch['on'], effect: Effect): Disconnecting =>
  async (service, desk) => {
    service.simulator.inject({ match: { on }, effect });
    await reconnect(service, desk);
  };

/** Ends a session of the instance. */
export const inSession =
  (end: (phone: Phone) => void): Disconnecting =>
  async (service, desk) => {
    await reconnect(service, desk);
    await viewIn(service, desk, 'CONNECTED');
    end(desk.phone);
  };

export const streamError = (code?: number, conflict?: string) =>
  inSession(phone => phone.streamError(code, conflict));

/** What is stored of the instances' secrets, encrypted as it is. */
export type Secrets = {
  readonly credentials: readonly { readonly instance: string }[];
  readonly keys: readonly { readonly id: Buffer; readonly sealed_value: Buffer }[];
};

/** Reads the secrets from a copy: the service locks its file. */
export function storedSecrets({ dataDir }: Service): Secrets {
  const copy = mkdtempSync(join(tmpdir(), 'wa-privacy-copy-'));
  cpSync(dataDir, copy, { recursive: true });
  const database = new Database(join(copy, 'wa-privacy.db'));
  const rows = (query: string): unknown[] => database.prepare(query).all();
  const credentials = rows('select * from credential order by instance') as Secrets['credentials'];
  const keys = rows('select * from signal_key order by instance, id') as Secrets['keys'];
  database.close();
  rmSync(copy, { recursive: true });
  return { credentials, keys };
}

/** How many keys were written anew, for each write encrypts to other bytes; none may have come or gone. */
export function rewritten(before: Secrets, after: Secrets): number {
  const ids = ({ keys }: Secrets) => keys.map(({ id }) => id.toString('hex'));
  expect(ids(after)).toEqual(ids(before));
  return after.keys.filter(({ sealed_value }, index) => {
    return !before.keys[index]?.sealed_value.equals(sealed_value);
  }).length;
}
