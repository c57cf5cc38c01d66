import type { CredentialStore, LinkRecord } from '../../src/instances/ports/store.js';

/** What a store writes of a record with a link. */
export const linkRecord = (link: { phoneNumber: string; linkTime: Date }): LinkRecord => ({
  ...link,
  status: 'linked',
  statusReason: '',
  retryTime: undefined,
});

/** What it writes without one. */
export const NO_LINK: LinkRecord = {
  status: 'unlinked',
  statusReason: '',
  phoneNumber: '',
  linkTime: undefined,
  retryTime: undefined,
};

/** Secrets in memory, and how often each method was called. */
export function memoryCredentials() {
  const credentials = new Map<string, Uint8Array>();
  const keys = new Map<string, Uint8Array>();
  const keyOf = (instance: string, type: string, id: string) => JSON.stringify([instance, type, id]);
  const calls: (keyof CredentialStore)[] = [];
  const forget = (instance: string) => {
    credentials.delete(instance);
    for (const key of keys.keys()) if (JSON.parse(key)[0] === instance) keys.delete(key);
  };
  const store: CredentialStore = {
    async load(instance) {
      calls.push('load');
      return credentials.get(instance);
    },
    async save(instance, bytes) {
      calls.push('save');
      if (!credentials.has(instance)) throw new Error('no credentials');
      credentials.set(instance, bytes);
    },
    async saveLink(instance, bytes, link) {
      calls.push('saveLink');
      forget(instance);
      credentials.set(instance, bytes);
      return linkRecord(link);
    },
    async clear(instance) {
      calls.push('clear');
      forget(instance);
      return NO_LINK;
    },
    async loadKeys(instance, type, ids) {
      calls.push('loadKeys');
      const found = ids.map(id => [id, keys.get(keyOf(instance, type, id))] as const);
      return new Map(found.filter((entry): entry is [string, Uint8Array] => entry[1] !== undefined));
    },
    async saveKeys(instance, changes) {
      calls.push('saveKeys');
      if (!credentials.has(instance)) throw new Error('no credentials');
      for (const { type, id, value } of changes) {
        if (value) keys.set(keyOf(instance, type, id), value);
        else keys.delete(keyOf(instance, type, id));
      }
    },
  };
  return { ...store, calls, credentials, keys };
}
