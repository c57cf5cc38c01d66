import { wallMs } from '../../domain/time/wall-time.js';
import { attr, type BinaryNode } from '../wire/stanza.js';
import { SIGNS, type Sign } from './behaviour.js';
import type { Account, Device, World } from './world.js';

const DAY_MS = 86_400_000;

/** The server's time of day, in epoch milliseconds. */
export const serverMs = ({ time }: Pick<World, 'time'>): number => wallMs() + time.aheadMs;

/** Takes note of a sign, if it is one that counts. */
export function showSign(world: World, device: Device, sign: Sign): void {
  if (SIGNS.indexOf(sign) < SIGNS.indexOf(world.behaviour.activity)) return;
  device.lastActive = new Date(serverMs(world));
  world.changed();
}

/** Takes what a device says of itself; without a type it says that it is available. Nothing answers it. */
export function takePresence(world: World, device: Device, presence: BinaryNode): void {
  const type = attr(presence, 'type') ?? 'available';
  if (type !== 'available' && type !== 'unavailable') return;
  device.isAvailable = type === 'available';
  showSign(world, device, type);
}

/** The devices of an account that were inactive for too long. */
export function inactiveDevices(world: World, account: Account): Device[] {
  const days = account.inactivityDays ?? world.behaviour.inactivityDays;
  return [...account.devices.values()].filter(device => {
    if (device.connection) showSign(world, device, device.isAvailable ? 'available' : 'connection');
    return serverMs(world) - device.lastActive.getTime() > days * DAY_MS;
  });
}
