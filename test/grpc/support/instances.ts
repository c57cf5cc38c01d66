import { PrivacyError } from '../../../src/domain/errors.js';
import type { Instance } from '../../../src/domain/instance.js';
import { type Contact, isLid, listEtag } from '../../../src/domain/settings/contact-list.js';
import type { Snapshot } from '../../../src/domain/settings/snapshot.js';
import { wishedSettings } from '../../../src/domain/settings/snapshot.js';
import type { Instances } from '../../../src/instances/instances.js';
import { watchHub } from '../../../src/instances/watching/watch-hub.js';
import { newWatched, type Watched } from '../../../src/instances/watching/watched-state.js';
import type { Store } from '../../../src/stores/store.js';

export const MADE_AT = new Date('2026-01-31T12:00:00Z');

export const connected = (name: string): Instance => ({
  name,
  displayName: `The ${name}`,
  state: 'CONNECTED',
  stateReason: '',
  phoneNumber: '+15550100123',
  createTime: MADE_AT,
  linkTime: MADE_AT,
  lastConnectTime: MADE_AT,
  nextAttemptTime: undefined,
  connectionMode: undefined,
  proxy: '',
  offlineQueue: 'DRAINED',
  lastPresenceTime: undefined,
  presence: undefined,
  revision: 0,
});

export const snapshot: Snapshot = {
  values: { last_seen: 'all', profile: 'contacts', online: 'all', defense: 'off' },
  others: [{ category: 'pix', value: 'all' }],
  unreadable: [{ category: 'messages', code: 500, text: 'internal-server-error' }],
  categories: [
    { category: 'last', value: 'all' },
    { category: 'profile', value: 'contacts' },
    { category: 'online', value: 'all' },
    { category: 'defense', value: 'off' },
    { category: 'pix', value: 'all' },
  ],
  observedAt: MADE_AT,
};

/** On every list. */
export const excepted: Contact[] = [{ phoneNumber: '+15550100201', lid: '201@lid' }, { lid: '202@lid' }];

/**
 * The instances as far as the API can tell: kept in memory, linked at once, every change applied. A test replaces the
 * methods it wants to behave otherwise.
 */
export function instancesInMemory(store: Store): Instances {
  const all = new Map<string, Instance>();
  const watched = new Map<string, Watched>();
  const hub = watchHub();
  const get = (name: string): Instance => {
    const instance = all.get(name);
    if (!instance) throw new PrivacyError({ kind: 'INSTANCE_NOT_FOUND', instance: name });
    return instance;
  };
  const watchedOf = (name: string): Watched[] => {
    const one = watched.get(get(name).name);
    return one ? [one] : [];
  };
  return {
    get,
    async create({ name, displayName, connectionMode }, along) {
      if (all.has(name)) throw new PrivacyError({ kind: 'INSTANCE_ALREADY_EXISTS', instance: name });
      const instance: Instance = { ...connected(name), displayName, connectionMode, state: 'UNLINKED' };
      // Tokens are stored with a reference to their instance.
      const record = {
        status: 'unlinked',
        statusReason: '',
        retryTime: undefined,
        proxy: undefined,
      } as const;
      await store.instances.create({ ...instance, ...record }, along?.(instance));
      all.set(name, instance);
      const made = newWatched(name, () => ({ [Symbol.dispose]: () => undefined }));
      watched.set(name, made);
      hub.added(made);
      hub.observed(made, snapshot, new Map());
      return instance;
    },
    list({ after, limit, state }) {
      const found = [...all.values()]
        .filter(one => one.name > after && [undefined, one.state].includes(state))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      return { instances: found.slice(0, limit), more: found.length > limit };
    },
    async update(name, changed) {
      const { proxy = '', ...others } = changed;
      const instance: Instance = { ...get(name), ...others, proxy };
      all.set(name, instance);
      return instance;
    },
    async delete(name) {
      for (const gone of watchedOf(name)) hub.removed(gone);
      all.delete(name);
      await store.instances.remove(name);
    },
    async *link(name) {
      get(name);
      const expiresAt = new Date(MADE_AT.getTime() + 60_000);
      yield { kind: 'code', code: { kind: 'qr', code: '1@first', expiresAt } };
      yield { kind: 'code', code: { kind: 'qr', code: '1@second', expiresAt } };
      yield { kind: 'linked', instance: connected(name) };
    },
    submitPasskeyAssertion: name => void get(name),
    confirmPasskeyCode: name => void get(name),
    import: async name => ({ ...get(name), state: 'CONNECTED' }),
    async unlink(name) {
      return { ...get(name), state: 'UNLINKED' };
    },
    reconnect: async name => ({ ...get(name), state: 'CONNECTING' }),
    async readSettings(name) {
      get(name);
      return snapshot;
    },
    readEach(names, maxAgeMs, limits) {
      return Promise.allSettled(names.map(name => this.readSettings(name, maxAgeMs, limits)));
    },
    async updateSettings(name, { wishes }) {
      const outcomes = wishedSettings(wishes).map(setting => ({
        setting,
        state: 'APPLIED' as const,
        previous: snapshot.values[setting],
        requested: String(wishes[setting]),
      }));
      return { instance: name, outcomes, settings: { ...snapshot, values: { ...wishes } }, sent: true };
    },
    async readContactList(name) {
      get(name);
      return excepted;
    },
    async updateContactList(name, { setting, add, remove, replace, validateOnly }) {
      get(name);
      const kept = replace ? [] : excepted.filter(({ phoneNumber = '' }) => !remove.includes(phoneNumber));
      const contacts = [...kept, ...add.map(id => (isLid(id) ? { lid: id } : { phoneNumber: id }))];
      const state = validateOnly ? ('WOULD_CHANGE' as const) : ('APPLIED' as const);
      const outcome = { setting, state, previous: 'all', requested: 'contact_blacklist' };
      return { contacts, etag: listEtag(contacts), outcome, sent: !validateOnly };
    },
    async listChanges(name, page) {
      get(name);
      return store.changes.list(name, page);
    },
    async *watch(names, heartbeatMs, signal) {
      const wanted = (names ?? [...all.keys()].sort()).flatMap(watchedOf);
      yield* hub.watch(wanted, names === undefined, heartbeatMs, signal);
    },
  };
}
