import { PrivacyError } from '../domain/errors.js';
import { instanceEtag } from '../domain/instance.js';
import { wallTime } from '../domain/time/wall-time.js';
import { queued } from './account/queue.js';
import { viewOf } from './connecting/connection-state.js';
import type { Holdings } from './holdings.js';
import type { Instances } from './instances.js';
import { endLink } from './linking/link-instance.js';
import { logOut } from './linking/unlink.js';
import type { InstanceRecord, InstanceStore } from './ports/store.js';

/** Which instances there are, and what callers decide about them. */
export type Catalogue = Pick<Instances, 'create' | 'get' | 'list' | 'update' | 'delete'>;

/** The instances of the store, all of which run on this node. */
export function catalogue(held: Holdings, store: InstanceStore): Catalogue {
  return {
    async create({ name, ...properties }, along) {
      const record: InstanceRecord = {
        name,
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
        ...properties,
      };
      const instance = viewOf(record, { state: 'unlinked' });
      if (!(await store.create(record, along?.(instance))))
        throw new PrivacyError({ kind: 'INSTANCE_ALREADY_EXISTS', instance: name });
      held.begin(record);
      return instance;
    },

    get: name => held.find(name).view(),

    async update(name, changed, etag) {
      const managed = held.find(name);
      await managed.change(changed, record => checkEtag(record, etag));
      return managed.view();
    },

    list({ after, limit, state }) {
      const matching = held
        .all()
        .filter(({ instance }) => instance > after)
        .map(managed => managed.view())
        .filter(instance => !state || instance.state === state);
      return { instances: matching.slice(0, limit), more: matching.length > limit };
    },

    async delete(name, etag, call) {
      const managed = held.find(name);
      await queued(managed.queue, name, call, async () => {
        if (managed.isDeleted()) return; // By another caller, and its name may be that of a new instance.
        checkEtag(managed.keeper.record, etag);
        const { state } = managed.supervisor.connection;
        using _ = managed.need();
        await endLink(managed, call);
        // WhatsApp may be out of reach; the phone then lists the device until it is removed there.
        if (state === 'parked' || state === 'linking') await managed.session(call).catch(() => undefined);
        await logOut(managed, call);
        await held.end(managed, 'deleted');
        await store.remove(name);
      });
    },
  };
}

function checkEtag(record: InstanceRecord, etag: string | undefined): void {
  const currentEtag = instanceEtag(record);
  if (etag !== undefined && etag !== currentEtag)
    throw new PrivacyError({ kind: 'ETAG_MISMATCH', instance: record.name, etag, currentEtag });
}
