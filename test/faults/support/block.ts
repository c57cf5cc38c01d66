import { OnFailure } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Service } from '../../support/service.js';
import type { Desk } from './fleet.js';
import { until } from './run.js';
import { settingsOf } from './settings.js';
import { update } from './updates.js';

/** What `block` changes. */
export const BLOCKED_BY = 'messages';

/** Makes an update that has the turn for so long; it is sent when this fulfils, with how it ends. */
export async function block(
  { simulator, client }: Service,
  { instance, phone }: Desk,
  ms: number,
): Promise<{ readonly ended: Promise<unknown> }> {
  simulator.inject({
    match: { on: 'privacy_set', category: BLOCKED_BY, phoneNumber: phone.phoneNumber },
    effect: { do: 'delay', ms },
  });
  const value = settingsOf(phone)[BLOCKED_BY] === 'all' ? 'contacts' : 'all';
  const order = { instance, wishes: { [BLOCKED_BY]: value }, onFailure: OnFailure.STOP, requestId: '' };
  const journal = simulator.journal(phone.phoneNumber);
  const past = journal.length;
  const ended = update(client, order, { deadlineMs: 30_000 });
  await until(() =>
    journal.slice(past).some(event => event.event === 'asked' && event.iq.attrs['type'] === 'set'),
  );
  return { ended };
}
