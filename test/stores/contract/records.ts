import { createHash } from 'node:crypto';
import type { TokenRecord } from '../../../src/access/ports.js';
import type { NewChange, SettingChange } from '../../../src/instances/ports/history.js';
import type { InstanceRecord } from '../../../src/instances/ports/store.js';
import type { Store } from '../../../src/stores/store.js';

/** The master key of tests. */
export const MASTER_KEY = Buffer.alloc(32, 'master key');

/** A moment, some seconds into a year. */
export const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);

export const bytes = (text: string): Buffer => Buffer.from(text);

export const instanceRecord = (name: string): InstanceRecord => ({
  name,
  uid: `uid of ${name}`,
  displayName: `The ${name}`,
  status: 'unlinked',
  statusReason: '',
  phoneNumber: '',
  createTime: at(0),
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

/** A change of the present instance of this name. */
export const changeRecord = (
  instance: string,
  second: number,
  change: Partial<SettingChange> = {},
): NewChange => ({
  kind: 'SETTING_CHANGED',
  instance,
  instanceUid: undefined,
  time: at(second),
  actor: { tokenId: 'abc', tokenDisplayName: 'support desk' },
  origin: 'THIS_SERVICE',
  requestId: '2b1c8e52-6d2f-4f4b-9a68-0d8a3a3e9f11',
  change: {
    setting: 'last_seen',
    oldValue: 'all',
    newValue: 'none',
    outcome: 'FAILED',
    whatsappCode: 403,
    resends: 1,
    ...change,
  },
  tokenId: '',
});

export const tokenRecord = (id: string, second = 0): TokenRecord => ({
  id,
  kind: 'ACCOUNT',
  instance: undefined,
  access: 'READ_WRITE',
  displayName: `token ${id}`,
  createTime: at(second),
  expireTime: undefined,
  lastUseTime: undefined,
  digest: digestOf(id),
  certificateSubject: undefined,
  selector: undefined,
});

export const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Makes an instance and links it, with a Signal key. */
export async function linkedInstance(
  store: Pick<Store, 'instances' | 'credentials'>,
  name: string,
  phoneNumber = '+15550100123',
): Promise<void> {
  await store.instances.create(instanceRecord(name));
  await store.credentials.saveLink(name, bytes(`credentials of ${name}`), { phoneNumber, linkTime: at(5) });
  await store.credentials.saveKeys(name, [{ type: 'session', id: '1', value: bytes(`session of ${name}`) }]);
}
