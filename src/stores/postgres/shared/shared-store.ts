import type { Compilable, Kysely } from 'kysely';
import pg from 'pg';
import type { TokenStore } from '../../../access/ports.js';
import type { VersionStore } from '../../../instances/ports/client-version.js';
import type { CredentialStore, InstanceStore } from '../../../instances/ports/store.js';
import type { Store } from '../../store.js';
import type { UnlessTaken } from '../../tables/changes.js';
import type { HistoryGrowth } from '../../tables/history-growth.js';
import type { Schema } from '../../tables/schema.js';
import type { Connections } from '../connections.js';
import { unavailable } from '../failures.js';
import type { Fences } from './fences.js';
import { holdStore } from './hold-store.js';
import { hopLog } from './hop-log.js';
import { leaseStore } from './leases.js';
import type { Newsdesk } from './newsroom.js';
import { permitStore } from './permit-store.js';
import { taskStore } from './task-store.js';

/** Of an instance that this node makes, and holds from then on. */
const FIRST_EPOCH = 1;

/** The lease of an instance that is being made. */
export const firstLease = (db: Kysely<Schema>, instance: string, node: string): Compilable =>
  db.insertInto('lease').values({ instance, node, epoch: FIRST_EPOCH });

/** A store that tells other nodes of what it writes, and has what they share. */
export function sharedBetweenNodes(
  store: Store,
  parts: {
    readonly db: Kysely<Schema>;
    readonly connections: Connections;
    readonly renewing: Connections;
    readonly unlessTaken: UnlessTaken;
    readonly fences: Fences;
    readonly desk: Newsdesk;
    readonly growth: HistoryGrowth;
  },
): Store {
  const { db, connections, renewing, unlessTaken, fences, desk, growth } = parts;
  const { tell, onNews } = desk;
  // Both ways, and each only once: what others tell is growth here too, and is not told again.
  let isHearing = false;
  onNews(({ about }) => {
    if (about !== 'history' && about !== 'anything') return;
    isHearing = true;
    growth.grown();
    isHearing = false;
  });
  growth.onGrowth(() => {
    if (!isHearing) tell({ about: 'history' });
  });

  return {
    ...store,
    instances: tellingOfInstances(store.instances, tell, fences),
    credentials: tellingOfLinks(store.credentials, tell),
    tokens: tellingOfTokens(store.tokens, tell),
    versions: tellingOfVersions(store.versions, desk),
    shared: {
      leases: leaseStore(connections, renewing, fences, desk),
      newsroom: { onNews },
      hops: hopLog(db, unlessTaken),
      permits: permitStore(db),
      tasks: taskStore(db, fences.self),
      holds: holdStore(db, desk),
    },
  };
}

type Tell = Newsdesk['tell'];

const tellingOfInstances = (
  store: InstanceStore,
  tell: Tell,
  { self, take, held }: Pick<Fences, 'self' | 'take' | 'held'>,
): InstanceStore => {
  const ofInstance = (name: string) => tell({ about: 'instance', name });
  function made(by: string, name: string) {
    take(by, [{ instance: name, epoch: FIRST_EPOCH }]);
    ofInstance(name);
    tell({ about: 'leases' });
  }
  return {
    ...store,
    async create(record, along) {
      const by = self();
      const isMade = await unlessBuried(store.create(record, along));
      if (isMade) made(by, record.name);
      return isMade;
    },
    async createEach(news, alongWithAll) {
      const by = self();
      const isMade = await unlessBuried(store.createEach(news, alongWithAll));
      for (const [index, { record }] of news.entries()) if (isMade[index]) made(by, record.name);
      return isMade;
    },
    async update(name, ...change) {
      await store.update(name, ...change);
      ofInstance(name);
    },
    async remove(name, along) {
      await store.remove(name, along);
      held.delete(name); // The name is free for others.
      ofInstance(name);
    },
  };
};

/** A node that was taken for dead makes nothing until it takes part again, which it soon does. */
async function unlessBuried<T>(making: Promise<T>): Promise<T> {
  try {
    return await making;
  } catch (error) {
    throw error instanceof pg.DatabaseError && error.constraint === 'lease_node_fkey'
      ? unavailable(error)
      : error;
  }
}

const tellingOfLinks = (store: CredentialStore, tell: Tell): CredentialStore => ({
  ...store,
  async saveLink(instance, ...link) {
    const record = await store.saveLink(instance, ...link);
    tell({ about: 'instance', name: instance });
    return record;
  },
  async clear(instance, along) {
    const record = await store.clear(instance, along);
    tell({ about: 'instance', name: instance });
    return record;
  },
});

const tellingOfVersions = (store: VersionStore, { tell, onNews }: Newsdesk): VersionStore => ({
  ...store,
  async save(record) {
    await store.save(record);
    tell({ about: 'versions' });
  },
  onChange: listener =>
    onNews(({ about }) => {
      if (about === 'versions' || about === 'anything') listener();
    }),
});

const tellingOfTokens = (store: TokenStore, tell: Tell): TokenStore => ({
  ...store,
  async put(record, along) {
    await store.put(record, along);
    tell({ about: 'token', id: record.id });
  },
  async expire(id, ...end) {
    const isDone = await store.expire(id, ...end);
    tell({ about: 'token', id });
    return isDone;
  },
  async remove(id, along) {
    const isDone = await store.remove(id, along);
    tell({ about: 'token', id });
    return isDone;
  },
});
