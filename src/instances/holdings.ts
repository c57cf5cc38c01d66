import { PrivacyError } from '../domain/errors.js';
import type { Labels } from '../domain/labels/labels.js';
import { matches } from '../domain/labels/selector.js';
import { type ManagedInstance, manage, type StopReason } from './member/managed-instance.js';
import type { Node } from './member/node.js';
import type { Selection } from './ports/orders.js';
import type { InstanceRecord } from './ports/store.js';

/** Which instances run on this node: nothing else decides it or keeps a list of them. */
export interface Holdings {
  /** Takes a stored instance into this node's care. */
  begin(record: InstanceRecord): ManagedInstance;
  /** @throws PrivacyError INSTANCE_NOT_FOUND */
  find(name: string): ManagedInstance;
  /** Undefined when there is no such instance. */
  labelsOf(name: string): Labels | undefined;
  /** Ordered by name. */
  all(): ManagedInstance[];
  /** Those that are selected, as named or ordered by name. @throws PrivacyError INSTANCE_NOT_FOUND of one named */
  selected(selection: Selection): ManagedInstance[];
  /** Stops an instance; one that was deleted is held no longer. */
  end(managed: ManagedInstance, reason: StopReason): Promise<void>;
}

/** The holdings of a node, none at first. */
export function holdings(node: Node): Holdings {
  const members = new Map<string, ManagedInstance>();
  const all = () => [...members.values()].sort((a, b) => (a.instance < b.instance ? -1 : 1));

  function find(name: string): ManagedInstance {
    const managed = members.get(name);
    if (!managed) throw new PrivacyError({ kind: 'INSTANCE_NOT_FOUND', instance: name });
    return managed;
  }

  return {
    begin(record) {
      const managed = manage(record, node);
      members.set(record.name, managed);
      node.watch.added(managed.watched);
      return managed;
    },

    find,
    labelsOf: name => members.get(name)?.keeper.record.labels,
    all,

    selected({ names, selector }) {
      const candidates = names.length > 0 ? names.map(find) : all();
      return candidates.filter(({ keeper }) => matches(selector, keeper.record.labels));
    },

    async end(managed, reason) {
      await managed.stop(reason);
      // Nobody whose call is still under way is to hear that there is no such instance.
      if (reason === 'shutting down') return;
      // Another one may have been made under this name.
      if (members.get(managed.instance) === managed) members.delete(managed.instance);
      node.watch.removed(managed.watched);
    },
  };
}
