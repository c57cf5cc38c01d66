import { instanceMoved, PrivacyError } from '../domain/errors.js';
import { matches } from '../domain/labels/selector.js';
import { type ManagedInstance, manage, type StopReason } from './member/managed-instance.js';
import type { Node } from './member/node.js';
import type { Selection } from './ports/orders.js';
import type { InstanceRecord } from './ports/store.js';

/** Which instances there are, and which of them run on this node: nothing else decides it or keeps a list of them. */
export interface Holdings {
  /** Takes a stored instance into this node's care, unless it is there already. */
  begin(record: InstanceRecord): ManagedInstance;
  /** @throws PrivacyError INSTANCE_NOT_FOUND; INSTANCE_MOVED where another node runs it */
  find(name: string): ManagedInstance;
  /** Undefined when no such instance is known. */
  recordOf(name: string): InstanceRecord | undefined;
  /** Those that run here, ordered by name. */
  all(): ManagedInstance[];
  /** Those of these that run here. */
  those(names: readonly string[]): ManagedInstance[];
  /** Those of the selected that run here, as named or ordered by name. @throws PrivacyError as `records` */
  selected(selection: Selection): ManagedInstance[];
  /** The records of all that are selected, wherever they run. @throws PrivacyError INSTANCE_NOT_FOUND of one named */
  records(selection: Selection): InstanceRecord[];
  /** Stops an instance; one that was deleted is held no longer. */
  end(managed: ManagedInstance, reason: Exclude<StopReason, 'given away'>): Promise<void>;
  /** Holds it no longer, for another node is to run it; fulfils when nothing more of it is sent or written here. */
  giveUp(managed: ManagedInstance): Promise<void>;
  /** What is stored of instances that run elsewhere, and which are there no more. Of those that run here, nothing changes. */
  know(records: readonly InstanceRecord[], gone: readonly string[]): void;
}

/** The holdings of a node, none at first. */
export function holdings(node: Node): Holdings {
  const members = new Map<string, ManagedInstance>();
  /** Never one that is a member. */
  const others = new Map<string, InstanceRecord>();
  const all = () => [...members.values()].sort((a, b) => (a.instance < b.instance ? -1 : 1));
  const recordOf = (name: string) => members.get(name)?.keeper.record ?? others.get(name);

  function known(name: string): InstanceRecord {
    const record = recordOf(name);
    if (!record) throw new PrivacyError({ kind: 'INSTANCE_NOT_FOUND', instance: name });
    return record;
  }
  const everyName = () => [...members.keys(), ...others.keys()].sort();

  return {
    begin(record) {
      const { name, uid } = record;
      const running = members.get(name);
      if (running?.keeper.record.uid === uid) return running;
      const managed = manage(record, node);
      members.set(name, managed);
      others.delete(name);
      node.watch.added(managed.watched);
      return managed;
    },

    find(name) {
      const managed = members.get(name);
      if (managed && node.mayAct(name)) return managed;
      throw instanceMoved(known(name).name);
    },
    recordOf,
    all,
    those: names => names.flatMap(name => members.get(name) ?? []),

    selected({ names, selector }) {
      const candidates =
        names.length > 0 ? names.flatMap(name => members.get(known(name).name) ?? []) : all();
      return candidates.filter(({ keeper }) => matches(selector, keeper.record.labels));
    },

    records: ({ names, selector }) =>
      (names.length > 0 ? names : everyName()).map(known).filter(({ labels }) => matches(selector, labels)),

    async end(managed, reason) {
      await managed.stop(reason);
      // Nobody whose call is still under way is to hear that there is no such instance.
      if (reason === 'shutting down') return;
      const { instance, keeper, watched } = managed;
      // Another one may have been made under this name.
      if (members.get(instance) === managed) members.delete(instance);
      if (others.get(instance)?.uid === keeper.record.uid) others.delete(instance);
      node.watch.removed(watched);
    },

    async giveUp(managed) {
      const { instance, keeper } = managed;
      const { record } = keeper;
      members.delete(instance);
      others.set(instance, record);
      await managed.stop('given away');
      // Unless something newer is known of it.
      if (others.get(instance) === record) others.set(instance, keeper.record);
    },

    know(records, gone) {
      for (const record of records) if (!members.has(record.name)) others.set(record.name, record);
      for (const name of gone) others.delete(name);
    },
  };
}
