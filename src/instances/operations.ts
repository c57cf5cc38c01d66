import { queued } from './account/queue.js';
import type { Catalogue } from './catalogue.js';
import { historyReader } from './history-reader.js';
import type { Holdings } from './holdings.js';
import type { Instances } from './instances.js';
import { importInstance } from './linking/import-instance.js';
import { linkInstance } from './linking/link-instance.js';
import { confirmCode, submitAssertion } from './linking/passkey.js';
import { unlink } from './linking/unlink.js';
import type { ManagedInstance } from './member/managed-instance.js';
import type { Node } from './member/node.js';
import { reconnect } from './member/reconnect.js';
import type { CallOptions } from './ports/orders.js';
import { readContactList } from './reading/read-contact-list.js';
import { knownSettings, readSettings } from './reading/read-settings.js';
import { updateContactList } from './updating/update-contact-list.js';
import { updateSettings } from './updating/update-settings.js';

/** What can be done with an instance that runs here. */
export type Operations = Omit<Instances, keyof Catalogue>;

/**
 * The operations on the instances that are held.
 *
 * @param keepUp Fulfils when all is known here that other nodes have done with instances until now.
 */
export function operations(
  held: Holdings,
  node: Node,
  keepUp: () => Promise<void> = async () => undefined,
): Operations {
  const { dialer, linkAttempts: attempts, changes, reads, turn, watch, writes } = node;

  const historyOf = historyReader(
    selector => held.records({ names: [], selector }),
    changes,
    () => Promise.all([writes.caughtUp(), keepUp()]),
  );

  /** Works with an instance, which stays connected meanwhile. */
  async function withConnection<T>(name: string, work: (managed: ManagedInstance) => Promise<T>): Promise<T> {
    const managed = held.find(name);
    using _ = managed.need();
    return await work(managed);
  }

  /** Changes an instance when its turn comes. An unusable one is told at once, not after its turn. */
  const inTurn = <T>(name: string, call: CallOptions, work: (managed: ManagedInstance) => Promise<T>) =>
    withConnection(name, async managed => {
      await managed.session(call);
      return managed.inTurn(call, () => work(managed).finally(managed.settingsChanged));
    });

  return {
    link: (name, order, call) =>
      linkInstance({ managed: held.find(name), dialer, attempts, changes, order }, call),

    submitPasskeyAssertion: (name, assertionJson) => submitAssertion(held.find(name), assertionJson),

    confirmPasskeyCode: (name, code) => confirmCode(held.find(name), code),

    import(name, content, call) {
      return importInstance(held.find(name), held.all, node, content, call);
    },

    unlink: (name, call) =>
      withConnection(name, async managed => {
        await managed.inTurn(call, () => unlink(managed, call));
        return managed.view();
      }),

    reconnect: async (name, call) => reconnect(held.find(name), dialer, call),

    readSettings: (name, maxAgeMs, call) =>
      withConnection(name, managed => readSettings(managed, maxAgeMs, call)),

    knownSettings(name, maxAgeMs) {
      const managed = held.find(name);
      const snapshot = knownSettings(managed, maxAgeMs);
      if (snapshot) managed.need()[Symbol.dispose](); // From now its connection is idle.
      return snapshot;
    },

    readEach: (names, maxAgeMs, call) =>
      Promise.allSettled(
        names.map(each =>
          withConnection(each, async managed => {
            await managed.session(call); // Those that wait for a connection are in nobody's way.
            return queued(reads, each, call, () => readSettings(managed, maxAgeMs, call));
          }),
        ),
      ),

    updateSettings(name, order, given) {
      const call = order.unattended ? { ...given, waitsForDial: true } : given;
      return inTurn(name, call, async managed => {
        await turn();
        return updateSettings(managed, order, order.unattended ? { ...call, signal: NEVER } : call);
      });
    },

    readContactList: (name, setting, call) =>
      withConnection(name, async managed => (await readContactList(managed, setting, call)).contacts),

    updateContactList: (name, order, call) =>
      inTurn(name, call, managed => updateContactList(managed, order, call)),

    listChanges: historyOf.listChanges,

    async *watch({ names, selector }, heartbeatMs, signal, history) {
      const feed = history && (await historyOf.feed(history.query, history.startAfter));
      const candidates = held.selected({ names, selector: [] }).map(each => each.watched);
      const uids =
        names.length > 0 ? new Set(held.records({ names, selector: [] }).map(({ uid }) => uid)) : undefined;
      // In the same turn: an instance made in between would be missed.
      const whom = { candidates, uids, selector, feed };
      yield* watch.watch(whom, heartbeatMs, signal);
    },
  };
}

const NEVER = new AbortController().signal;
