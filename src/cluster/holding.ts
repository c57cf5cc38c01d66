import PQueue from 'p-queue';
import type { InstanceStore } from '../instances/ports/store.js';
import type { Lease, LeaseStore, NodeInstances } from './ports.js';

/** Instances that end at the same time. */
const ENDS_AT_ONCE = 50;

/** What this node makes of the leases that it has. */
export type Holding = {
  /** Whether it runs here, as far as the leases go. */
  isRun(instance: string): boolean;
  /** Whether something of it may still be written here that it does not run any more. */
  isEnding(instance: string): boolean;
  /** Runs what was claimed. */
  run(leases: readonly Lease[]): Promise<void>;
  /** The same of what should run since a time when the store could not be asked. */
  runAgain(): Promise<void>;
  /** Ends these and gives up their leases, each as it has ended; fulfils when all have. */
  giveAway(instances: readonly string[]): Promise<void>;
  /** How many are about to be given away. */
  leaving(): number;
  /** Ends these, which this node has lost. */
  lose(instances: readonly string[]): Promise<void>;
  /** Ends all, and fulfils when nothing is written here of any. */
  loseAll(): Promise<void>;
};

/**
 * Runs the instances that this node holds, and ends them.
 *
 * @param mayAct As the membership has it.
 */
export function holdingOf(
  leases: Pick<LeaseStore, 'release'>,
  store: Pick<InstanceStore, 'find'>,
  instances: NodeInstances,
  mayAct: (instance: string) => boolean,
): Holding {
  /** Held, but not run yet. */
  const beginning = new Set<string>();
  const ending = new Set<string>();
  const leaving = new Set<string>();
  const ends = new PQueue({ concurrency: ENDS_AT_ONCE });

  async function begin(names: readonly string[]): Promise<void> {
    const records = await store.find(names);
    // Some may have been lost meanwhile.
    instances.begin(records.filter(({ name }) => beginning.has(name) && mayAct(name)));
    for (const name of names) beginning.delete(name);
  }

  async function end(names: readonly string[]): Promise<void> {
    for (const name of names) ending.add(name);
    await instances.giveUp(names);
    for (const name of names) ending.delete(name);
  }

  const ended = new Set<string>();
  let releasing: Promise<void> | undefined;
  /** What has ended while some are released is released together. */
  async function releaseAll() {
    try {
      while (ended.size > 0) {
        const names = [...ended];
        ended.clear();
        await leases.release(names);
      }
    } finally {
      releasing = undefined;
    }
  }

  return {
    isRun: instance => mayAct(instance) && !beginning.has(instance) && !ending.has(instance),
    isEnding: instance => ending.has(instance),

    async run(taken) {
      const names = taken.map(({ instance }) => instance);
      for (const name of names) beginning.add(name);
      await begin(names);
    },

    async runAgain() {
      if (beginning.size > 0) await begin([...beginning]);
    },

    async giveAway(names) {
      const more = names.filter(name => !leaving.has(name));
      for (const name of more) leaving.add(name);
      const leave = (name: string) => async () => {
        try {
          await end([name]);
          ended.add(name);
          releasing ??= releaseAll();
          await releasing;
        } finally {
          leaving.delete(name);
        }
      };
      await ends.addAll(more.map(leave));
    },

    leaving: () => leaving.size,

    async lose(names) {
      const over = end(names);
      // None of it may act from here on. What is left to say to the database can fail: it knows.
      const released = leases.release(names).catch(() => undefined);
      await over;
      await released;
    },

    async loseAll() {
      beginning.clear();
      await Promise.all([end(instances.running().map(({ name }) => name)), ends.onIdle()]);
    },
  };
}
