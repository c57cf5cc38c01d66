import { wallMs } from '../../domain/time/wall-time.js';
import { notifyDevices } from '../queue/notifications.js';
import { attr, type BinaryNode, child, node, refusal, result } from '../wire/stanza.js';
import { recordSet } from '../world/accounts.js';
import type { Account, World } from '../world/world.js';
import type { DeviceIq, IqPlan } from './iq-plan.js';

/** The timers WhatsApp's clients offer, in seconds. */
export const DURATIONS = ['0', '86400', '604800', '7776000'];

/** The timer of new chats: read, or changed with `<disappearing_mode duration/>`. */
export function disappearingTimerPlan({ world, account, device, iq }: DeviceIq): IqPlan {
  if (attr(iq, 'type') === 'get') return { reply: () => result(iq, [timerNode(account)]) };
  const duration = attr(child(iq, 'disappearing_mode'), 'duration') ?? '';
  if (!DURATIONS.includes(duration)) return { reply: () => refusal(iq, 400) };
  return {
    apply: () => setDisappearingTimer(world, account, Number(duration), device.id),
    reply: () => result(iq),
  };
}

/** Stores the timer, set by a device or by the phone (0), and tells the other devices. */
export function setDisappearingTimer(world: World, account: Account, duration: number, device: number): void {
  account.disappearingMode = { duration, setAt: Math.floor(wallMs() / 1000) };
  recordSet(world, account, 'disappearing_mode', String(duration), device);
  const { push, echoOwnSets } = world.behaviour;
  const bare = node('disappearing_mode', { action: 'modify' });
  notifyDevices(
    world,
    account,
    push === 'bare' ? bare : timerNode(account),
    echoOwnSets ? undefined : device,
  );
}

export const timerNode = ({ disappearingMode: { duration, setAt } }: Account): BinaryNode =>
  node('disappearing_mode', { duration: String(duration), t: String(setAt) });
