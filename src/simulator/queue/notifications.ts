import { type BinaryNode, node, seconds } from '../wire/stanza.js';
import { jidOf } from '../world/accounts.js';
import type { Account, Device, World } from '../world/world.js';

/**
 * Keeps a stanza for a companion until it is answered as it must be, and sends it: at once where the companion has had
 * all that came before, and again after each login.
 */
export function keepFor(world: World, device: Device, { tag, attrs, content }: BinaryNode): void {
  const stanza = {
    tag,
    attrs: { id: world.nextId(), t: seconds(), ...attrs },
    ...(content && { content }),
  };
  device.unacked.push(stanza);
  device.delivery?.added(stanza);
  world.changed();
}

/** Tells every companion but `exceptDevice` that something of the account changed, unless pushes get lost. */
export function notifyDevices(
  world: World,
  account: Account,
  change: BinaryNode,
  exceptDevice?: number,
): void {
  if (world.behaviour.push === 'none') return;
  for (const device of account.devices.values()) {
    if (device.id === exceptDevice) continue;
    if (!device.connection) device.dirty.add(change.tag);
    keepFor(world, device, node('notification', { from: jidOf(account), type: 'account_sync' }, [change]));
  }
}
