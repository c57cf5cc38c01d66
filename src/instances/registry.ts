import { within } from './account/time-left.js';
import { catalogue } from './catalogue.js';
import type { ClientRefusals } from './connecting/client-refusals.js';
import { holdings } from './holdings.js';
import type { Instances } from './instances.js';
import { type NodeOptions, openNode } from './member/node.js';
import { operations } from './operations.js';
import { remindOfPresence } from './presence-reminder.js';

const CLOSING_MS = 5_000;

/** The instances of one node. */
export type Registry = Instances & {
  readonly refusals: ClientRefusals;
  /** Ends every connection, and waits so long at most until they are gone; what is stored stays. */
  stop(closingMs?: number): Promise<void>;
};

/** Takes over the stored instances and connects the linked ones. */
export async function openRegistry(options: NodeOptions): Promise<Registry> {
  const node = openNode(options);
  const held = holdings(node);
  for (const record of await node.store.list()) held.begin(record);
  const remindNoMore = remindOfPresence(() => held.all().map(managed => managed.view()), node.log);
  return {
    ...catalogue(held, node),
    ...operations(held, node),
    refusals: node.refusals,
    async stop(closingMs = CLOSING_MS) {
      remindNoMore();
      const ended = held.all().map(managed =>
        held.end(managed, 'shutting down').catch((cause: unknown) => {
          node.log.taskFailed({ task: 'ending the connection', instance: managed.instance, cause });
        }),
      );
      await within(closingMs, Promise.all(ended));
      await Promise.all([node.connectTimes.flush(), node.presenceTimes.flush()]);
    },
  };
}
