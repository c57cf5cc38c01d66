import { clock } from '../domain/time/clock.js';
import type { InstanceRecord, InstanceStore } from '../instances/ports/store.js';
import type { ClusterLog, Newsroom, NodeInstances } from './ports.js';
import { repeated } from './repeated.js';

/** All is read again so often, for news may be missed. */
export const READ_ALL_MS = 30_000;
/** How often it is looked whether something is to be read. */
const LOOK_MS = 2_500;

/** Keeps up what this node knows of the instances that others run. */
export type Directory = {
  /** Reads all of it for the first time. */
  start(): Promise<void>;
  stop(): Promise<void>;
};

/** Of the instances in this store. */
export function directory(
  store: Pick<InstanceStore, 'find' | 'list'>,
  { onNews }: Newsroom,
  instances: NodeInstances,
  log: Pick<ClusterLog, 'taskFailed'>,
): Directory {
  const due = new Set<string>();
  let readAllAt = Number.NEGATIVE_INFINITY;
  const reading = repeated(LOOK_MS, read);
  const listening = onNews(news => {
    if (news.about === 'instance') due.add(news.name);
    else if (news.about === 'anything') readAllAt = Number.NEGATIVE_INFINITY;
    else return;
    reading.soon();
  });

  /** @param asked For which the records are all that there are. */
  function tell(asked: readonly string[], records: readonly InstanceRecord[]): void {
    const there = new Set(records.map(({ name }) => name));
    instances.know(
      records,
      asked.filter(name => !there.has(name)),
    );
  }

  async function readAll(): Promise<void> {
    const before = readAllAt;
    readAllAt = clock();
    try {
      // Of those which become known meanwhile nothing is said.
      const known = instances.select({ names: [], selector: [] });
      tell(known, await store.list());
    } catch (error) {
      readAllAt = before;
      throw error;
    }
  }

  async function readDue(): Promise<void> {
    const names = [...due];
    due.clear();
    try {
      tell(names, await store.find(names));
    } catch (error) {
      for (const name of names) due.add(name);
      throw error;
    }
  }

  async function read(): Promise<void> {
    try {
      if (clock() - readAllAt >= READ_ALL_MS) await readAll();
      if (due.size > 0) await readDue();
    } catch (cause) {
      log.taskFailed({ task: 'reading the instances that other nodes run', cause });
    }
  }

  return {
    async start() {
      await readAll();
      reading.begin();
    },
    async stop() {
      listening[Symbol.dispose]();
      await reading.stop();
    },
  };
}
