import { notifyDevices } from '../queue/notifications.js';
import { node } from '../wire/stanza.js';
import { recordSet } from '../world/accounts.js';
import type { Account, World } from '../world/world.js';

/** Stores new values, made by a device or by the phone (0), and tells the other devices. */
export function applySettings(
  world: World,
  account: Account,
  changes: readonly { category: string; value: string }[],
  device: number,
): void {
  if (changes.length === 0) return;
  for (const { category, value } of changes) {
    account.settings.set(category, value);
    if (value !== 'contact_blacklist' && world.behaviour.listAway === 'cleared')
      account.lists.delete(category);
    recordSet(world, account, category, value, device);
  }
  const { push, echoOwnSets } = world.behaviour;
  const named = changes.map(({ category, value }) => node('category', { name: category, value }));
  notifyDevices(
    world,
    account,
    node('privacy', {}, push === 'bare' ? [] : named),
    echoOwnSets ? undefined : device,
  );
}
