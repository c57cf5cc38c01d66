import { slotOf, slots } from '../domain/slots.js';
import type { Instances } from './instances.js';
import { withNothingSent } from './updating/update-settings.js';

/** The most calls of one instance at the same time, those that wait included. */
export type CallBounds = { readonly changes: number; readonly reads: number };

/**
 * The instances, each with an end to how many calls wait for it: RATE_LIMITED, before anything is sent. Every method is
 * here by name, so that a new one does not compile before it is bounded or is said not to be.
 */
export function bounded(instances: Instances, most: CallBounds): Instances {
  const free = { changes: slots(most.changes), reads: slots(most.reads) };

  async function within<T>(kind: keyof CallBounds, instance: string, work: () => Promise<T>): Promise<T> {
    using _place = slotOf(free[kind](instance), {
      limit: most[kind],
      subject: `instance:${instance}`,
      unit: `${kind} of the instance`,
    });
    return await work();
  }

  return {
    ...unbounded(instances),
    delete: (name, ...rest) => within('changes', name, () => instances.delete(name, ...rest)),
    import: (name, ...rest) => within('changes', name, () => instances.import(name, ...rest)),
    unlink: (name, ...rest) => within('changes', name, () => instances.unlink(name, ...rest)),
    readSettings: (name, ...rest) => within('reads', name, () => instances.readSettings(name, ...rest)),
    // Whoever refuses an update, here or further in, its caller hears of each setting.
    updateSettings: (name, order, call) =>
      within('changes', name, () => instances.updateSettings(name, order, call)).catch((error: unknown) => {
        throw withNothingSent(error, name, order.wishes);
      }),
    readContactList: (name, ...rest) => within('reads', name, () => instances.readContactList(name, ...rest)),
    updateContactList: (name, ...rest) =>
      within('changes', name, () => instances.updateContactList(name, ...rest)),
  };
}

/** What needs no bound. */
const unbounded = ({
  create,
  createEach,
  get,
  stored,
  labelsOf,
  update,
  select,
  list,
  link,
  submitPasskeyAssertion,
  confirmPasskeyCode,
  reconnect,
  knownSettings,
  readEach,
  listChanges,
  watch,
}: Instances) => ({
  // Nothing that is asked of WhatsApp waits in them.
  create,
  createEach,
  get,
  stored,
  labelsOf,
  update,
  select,
  list,
  listChanges,
  submitPasskeyAssertion,
  confirmPasskeyCode,
  knownSettings,
  // All of them share one attempt.
  reconnect,
  // A second one is refused while one runs.
  link,
  // The node sends a bounded number of their reads at once; a token may have a bounded number of them open.
  readEach,
  // A token may have a bounded number of them open.
  watch,
});
