import { randomUUID } from 'node:crypto';
import { PrivacyError } from '../domain/errors.js';
import { instanceEtag } from '../domain/instance.js';
import { changedLabels, type Labels, MOST_LABELS } from '../domain/labels/labels.js';
import { wallTime } from '../domain/time/wall-time.js';
import { lifecycleEntry } from './account/lifecycle.js';
import { initialState, viewOf } from './connecting/connection-state.js';
import type { Holdings } from './holdings.js';
import type { Instances, NewInstanceOrder } from './instances.js';
import { endLink } from './linking/link-instance.js';
import { logOut } from './linking/unlink.js';
import { parkedUntil } from './member/connection-demand.js';
import type { Node } from './member/node.js';
import type { Selection } from './ports/orders.js';
import type { InstanceRecord } from './ports/store.js';

/** Which instances there are, and what callers decide about them. */
export type Catalogue = Pick<
  Instances,
  'create' | 'createEach' | 'get' | 'stored' | 'labelsOf' | 'select' | 'list' | 'update' | 'delete'
>;

/** The instances of the store; which of them run on this node, the holdings tell. */
export function catalogue(
  held: Holdings,
  node: Pick<Node, 'store' | 'changes' | 'writes' | 'connectionMode'>,
): Catalogue {
  const { store, changes, writes } = node;
  const createEach: Catalogue['createEach'] = async (plans, { author }, alongWithAll) => {
    const news = plans.map(({ wanted, along }) => {
      const record = newRecord(wanted);
      const instance = viewOf(record, { state: 'unlinked' });
      const entry = lifecycleEntry('INSTANCE_CREATED', record, author);
      return { record, instance, along: [...changes.appending([entry]), ...along(instance)] };
    });
    const those = (which: readonly boolean[]) =>
      news.map(({ instance }, index) => (which[index] ? instance : undefined));
    const begun = async () => {
      const isMade = await store.createEach(news, which => alongWithAll(those(which)));
      for (const [index, { record }] of news.entries()) if (isMade[index]) held.begin(record);
      return those(isMade);
    };
    return writes.add(begun());
  };

  return {
    async create(wanted, call, along = () => []) {
      const [made] = await createEach([{ wanted, along }], call, () => []);
      if (!made) throw new PrivacyError({ kind: 'INSTANCE_ALREADY_EXISTS', instance: wanted.name });
      return made;
    },

    createEach,

    get: name => held.find(name).view(),

    stored(name) {
      const record = held.recordOf(name);
      return record && viewOf(record, initialState(record, parkedUntil(record, node)));
    },

    labelsOf: name => held.recordOf(name)?.labels,

    select: selection => held.records(selection).map(({ name }) => name),

    async update(name, { labels: change, ...changed }, { author }, etag) {
      const managed = held.find(name);
      await managed.change(author, record => {
        checkEtag(record, etag);
        return { ...changed, ...(change && { labels: notTooMany(changedLabels(record.labels, change)) }) };
      });
      return managed.view();
    },

    list({ after, limit, state }, selection = EVERY_INSTANCE) {
      const matching = held
        .selected(selection)
        .filter(({ instance }) => instance > after)
        .map(managed => managed.view())
        .filter(instance => !state || instance.state === state);
      return { instances: matching.slice(0, limit), more: matching.length > limit };
    },

    async delete(name, etag, call) {
      const managed = held.find(name);
      await managed.inTurn(call, async () => {
        if (managed.isDeleted()) return; // By another caller, and its name may be that of a new instance.
        checkEtag(managed.keeper.record, etag);
        const { state } = managed.supervisor.connection;
        using _ = managed.need();
        await endLink(managed, call);
        // WhatsApp may be out of reach; the phone then lists the device until it is removed there.
        if (state === 'parked' || state === 'linking') await managed.session(call).catch(() => undefined);
        await logOut(managed, call);
        await held.end(managed, 'deleted');
        const entry = lifecycleEntry('INSTANCE_DELETED', managed.keeper.record, call.author);
        await store.remove(name, changes.appending([entry]));
      });
    },
  };
}

const newRecord = (wanted: NewInstanceOrder): InstanceRecord => ({
  uid: randomUUID(),
  status: 'unlinked',
  statusReason: '',
  phoneNumber: '',
  createTime: wallTime(),
  linkTime: undefined,
  lastConnectTime: undefined,
  retryTime: undefined,
  lastPresenceTime: undefined,
  connectionMode: undefined,
  presence: undefined,
  proxy: undefined,
  revision: 0,
  labels: {},
  ...wanted,
});

function notTooMany(labels: Labels): Labels {
  if (Object.keys(labels).length <= MOST_LABELS) return labels;
  const description = `an instance must have at most ${MOST_LABELS} labels`;
  throw new PrivacyError({
    kind: 'INVALID_REQUEST',
    violations: [{ field: 'labels_to_set', reason: 'OUT_OF_RANGE', description }],
  });
}

const EVERY_INSTANCE: Selection = { names: [], selector: [] };

function checkEtag(record: InstanceRecord, etag: string | undefined): void {
  const currentEtag = instanceEtag(record);
  if (etag !== undefined && etag !== currentEtag)
    throw new PrivacyError({ kind: 'ETAG_MISMATCH', instance: record.name, etag, currentEtag });
}
