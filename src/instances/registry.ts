import type { Instance } from '../domain/instance.js';
import { within } from './account/time-left.js';
import { catalogue } from './catalogue.js';
import type { ClientRefusals } from './connecting/client-refusals.js';
import { type Holdings, holdings } from './holdings.js';
import type { Instances } from './instances.js';
import { keepingUp } from './keeping-up.js';
import { type Node, type NodeOptions, openNode } from './member/node.js';
import { operations } from './operations.js';
import type { InstanceRecord } from './ports/store.js';
import { remindOfPresence } from './presence-reminder.js';

const CLOSING_MS = 5_000;

/** The instances of one node. */
export type Registry = Instances &
  Shares & {
    readonly refusals: ClientRefusals;
    /** Ends every connection, and waits so long at most until they are gone; what is stored stays. */
    stop(closingMs?: number): Promise<void>;
  };

/** What a node among several is told of its part, and tells of it. */
export interface Shares {
  /** Runs these from now on, as they are stored; those that run here already go on. */
  begin(records: readonly InstanceRecord[]): void;
  /**
   * Runs these no longer. At once their calls are told INSTANCE_MOVED, but for the change that has its turn, which has a
   * moment to end; then their connections end. Fulfils when nothing more of them is sent or written.
   */
  giveUp(names: readonly string[]): Promise<void>;
  /** What is stored of instances that others run, and which instances are gone; of those that run here, nothing. */
  know(records: readonly InstanceRecord[], gone: readonly string[]): void;
  /** Those that run here. */
  running(): readonly Pick<Instance, 'name' | 'state'>[];
  /** Asks the store for an instance that is not known: another node may have made it a moment ago. */
  lookUp(name: string): Promise<void>;
}

/** Connects the linked ones of the stored instances: all, or those of a node among several as it is told. */
export async function openRegistry(options: NodeOptions): Promise<Registry> {
  const node = openNode(options);
  const held = holdings(node);
  if (!options.membership) for (const record of await node.store.list()) held.begin(record);
  const keepUp =
    options.membership && keepingUp(node.changes, node.store, held.know, await node.changes.newestId());
  const remindNoMore = remindOfPresence(() => held.all().map(managed => managed.view()), node.log);
  return {
    ...catalogue(held, node),
    ...operations(held, node, keepUp),
    ...shares(held, node),
    refusals: node.refusals,
    async stop(closingMs = CLOSING_MS) {
      remindNoMore();
      const ended = held.all().map(managed =>
        held.end(managed, 'shutting down').catch((cause: unknown) => {
          node.log.taskFailed({ task: 'ending the connection', instance: managed.instance, cause });
        }),
      );
      await within(closingMs, Promise.all(ended));
      await timesStored(node);
    },
  };
}

function shares(held: Holdings, node: Node): Shares {
  return {
    begin(records) {
      for (const record of records) held.begin(record);
    },

    async giveUp(names) {
      await Promise.all(
        held.those(names).map(managed =>
          held.giveUp(managed).catch((cause: unknown) => {
            node.log.taskFailed({ task: 'giving the instance up', instance: managed.instance, cause });
          }),
        ),
      );
      await timesStored(node);
    },

    know: held.know,
    running: () => held.all().map(managed => managed.view()),

    async lookUp(name) {
      if (!held.recordOf(name)) held.know(await node.store.find([name]), []);
    },
  };
}

const timesStored = ({ connectTimes, presenceTimes }: Node) =>
  Promise.all([connectTimes.flush(), presenceTimes.flush()]);
