import { holdOf } from '../../domain/disconnect.js';
import { PrivacyError } from '../../domain/errors.js';
import type { Instance } from '../../domain/instance.js';
import { MIN_ROOM_MS, timeLeft, within } from '../account/time-left.js';
import { type ConnectionState, msLeft, notUsable } from '../connecting/connection-state.js';
import type { Dialer } from '../connecting/dialer.js';
import { refusal } from '../connecting/refusal.js';
import type { CallOptions } from '../ports/orders.js';
import type { ManagedInstance } from './managed-instance.js';

/**
 * Connects an instance now. One that WhatsApp logged out or suspended is tried once, with the credentials that were
 * kept, and what comes of that is told; with too little time for that it is told as still connecting.
 *
 * @throws PrivacyError
 */
export async function reconnect(
  managed: ManagedInstance,
  dialer: Pick<Dialer, 'hold'>,
  call: CallOptions,
): Promise<Instance> {
  const { instance, supervisor } = managed;
  const { connection } = supervisor;
  switch (connection.state) {
    case 'unlinked':
    case 'linking':
      throw notUsable(instance, connection);
    case 'logged_out':
    case 'suspended':
      // The attempt goes on to its end, also when the caller has gone.
      await within(timeLeft(call) - MIN_ROOM_MS, tryOnce(managed, dialer, connection));
      break;
    default:
      supervisor.connect();
      refuseUnlessTaken(managed);
  }
  return managed.view();
}

/** While WhatsApp refuses this client no attempt is made, and who asks for one is told why. */
function refuseUnlessTaken({ instance, supervisor: { connection } }: ManagedInstance): void {
  if (connection.state !== 'backing_off' || holdOf(connection.cause) !== 'until_accepted') return;
  throw new PrivacyError(refusal(instance, connection.cause, { leftMs: msLeft(connection) ?? 0 }));
}

/** An attempt that WhatsApp neither took nor refused for good leaves the state, and its schedule, as they were. */
async function tryOnce(
  { instance, supervisor, decided }: ManagedInstance,
  dialer: Pick<Dialer, 'hold'>,
  before: ConnectionState,
): Promise<void> {
  const hold = dialer.hold();
  if (hold) throw new PrivacyError(refusal(instance, hold.cause, hold));
  supervisor.connect();
  await decided();
  const { connection } = supervisor;
  if (connection.state === 'backing_off') {
    supervisor.giveUp(before);
    const ofNode = connection.over && { leftMs: msLeft(connection) ?? 0 };
    throw new PrivacyError(refusal(instance, connection.cause, ofNode));
  }
  if (connection.state !== 'connected') throw notUsable(instance, connection);
}
