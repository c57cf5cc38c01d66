import { catalogue } from './catalogue.js';
import type { ClientRefusals } from './connecting/client-refusals.js';
import { holdings } from './holdings.js';
import type { Instances } from './instances.js';
import { type NodeOptions, openNode } from './member/node.js';
import { operations } from './operations.js';
import { remindOfPresence } from './presence-reminder.js';

/** The instances of one node. */
export type Registry = Instances & {
  readonly refusals: ClientRefusals;
  /** Ends every connection; what is stored stays. */
  stop(): Promise<void>;
};

/** Takes over the stored instances and connects the linked ones. */
export async function openRegistry(options: NodeOptions): Promise<Registry> {
  const node = openNode(options);
  const held = holdings(node);
  for (const record of await node.store.list()) held.begin(record);
  const remindNoMore = remindOfPresence(() => held.all().map(managed => managed.view()), node.log);
  return {
    ...catalogue(held, node.store),
    ...operations(held, node),
    refusals: node.refusals,
    async stop() {
      remindNoMore();
      await Promise.all(held.all().map(managed => held.end(managed, 'shutting down')));
      await Promise.all([node.connectTimes.flush(), node.presenceTimes.flush()]);
    },
  };
}
