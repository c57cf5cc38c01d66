import { PrivacyError } from '../../../src/domain/errors.js';
import type { Instance } from '../../../src/domain/instance.js';
import { changedLabels } from '../../../src/domain/labels/labels.js';
import { matches } from '../../../src/domain/labels/selector.js';
import { type Contact, isLid, listEtag } from '../../../src/domain/settings/contact-list.js';
import type { Snapshot } from '../../../src/domain/settings/snapshot.js';
import { wishedSettings } from '../../../src/domain/settings/snapshot.js';
import { historyReader } from '../../../src/instances/history-reader.js';
import type { Instances } from '../../../src/instances/instances.js';
import type { Selection } from '../../../src/instances/ports/orders.js';
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
  labels: {},
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
  const selected = ({ names, selector }: Selection): Instance[] =>
    (names.length > 0 ? names : [...all.keys()].sort())
      .map(get)
      .filter(({ labels }) => matches(selector, labels));
  function begin(instance: Instance) {
    const { name } = instance;
    all.set(name, instance);
    const made = newWatched(
      { name, uid: name },
      () => ({ [Symbol.dispose]: () => undefined }),
      () => (all.get(name) ?? instance).labels,
    );
    watched.set(name, made);
    hub.added(made);
    hub.observed(made, snapshot, new Map());
  }
  const history = historyReader(
    selector => selected({ names: [], selector }).map(({ name }) => ({ name, uid: name })),
    store.changes,
    async () => undefined,
  );
  return {
    get,
    stored: name => all.get(name),
    labelsOf: name => all.get(name)?.labels,
    async create(wanted, call, along = () => []) {
      const [made] = await this.createEach([{ wanted, along }], call, () => []);
      if (!made) throw new PrivacyError({ kind: 'INSTANCE_ALREADY_EXISTS', instance: wanted.name });
      return made;
    },
    async createEach(plans, _, alongWithAll) {
      // Tokens are stored with a reference to their instance.
      const stored = {
        status: 'unlinked',
        statusReason: '',
        retryTime: undefined,
        proxy: undefined,
      } as const;
      const news = plans.map(({ wanted: { name, displayName, connectionMode, labels = {} }, along }) => {
        const own = { displayName, connectionMode, labels, state: 'UNLINKED' as const };
        const instance: Instance = { ...connected(name), ...own };
        return { instance, record: { ...instance, ...stored, uid: name }, along: along(instance) };
      });
      const those = (which: readonly boolean[]) =>
        news.map(({ instance }, index) => (which[index] ? instance : undefined));
      const made = those(await store.instances.createEach(news, which => alongWithAll(those(which))));
      for (const instance of made) if (instance) begin(instance);
      return made;
    },
    select: selection => selected(selection).map(({ name }) => name),
    list({ after, limit, state }, selection = { names: [], selector: [] }) {
      const found = selected(selection).filter(
        one => one.name > after && [undefined, one.state].includes(state),
      );
      return { instances: found.slice(0, limit), more: found.length > limit };
    },
    async update(name, { labels: change, proxy = '', ...others }) {
      const { labels } = get(name);
      const instance = {
        ...get(name),
        ...others,
        proxy,
        labels: change ? changedLabels(labels, change) : labels,
      };
      all.set(name, instance);
      for (const one of watchedOf(name)) hub.relabelled(one);
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
    knownSettings: () => undefined,
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
    listChanges: history.listChanges,
    async *watch({ names, selector }, heartbeatMs, signal, wanted) {
      const feed = wanted && (await history.feed(wanted.query, wanted.startAfter));
      const candidates = selected({ names, selector: [] }).flatMap(({ name }) => watchedOf(name));
      const uids = names.length > 0 ? new Set(names) : undefined;
      yield* hub.watch({ candidates, uids, selector, feed }, heartbeatMs, signal);
    },
  };
}
