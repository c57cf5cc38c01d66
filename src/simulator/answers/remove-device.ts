import type { Account, World } from '../world/world.js';

/** Unlinks a device; it is told so, or finds out at its next login. */
export function removeDevice(world: World, account: Account, id: number): boolean {
  const device = account.devices.get(id);
  if (!device) return false;
  account.devices.delete(id);
  world.changed();
  device.connection?.streamError(401, 'device_removed');
  return true;
}
