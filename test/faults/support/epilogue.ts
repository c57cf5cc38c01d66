import { setTimeout as wait } from 'node:timers/promises';
import {
  Origin,
  PrivacyServiceService as Privacy,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Service } from '../../support/service.js';
import type { Watching } from '../../support/watch.js';
import { changesHeard, historyOf, lastTold } from './aftermath.js';
import { type Entry, isPending, type Told } from './afterwards.js';
import type { Desk } from './fleet.js';
import { setOnPhone, settingsOf, type Values, wished } from './settings.js';
import type { Timeline } from './timeline.js';

/** What was told when the phone made the changes that an update had asked for in vain. */
export type Epilogue = {
  readonly values: Values;
  /** The settings that a watcher was told last, and the changes that it was told. */
  readonly told: Values;
  readonly changes: readonly Told[];
  /** What the history has since. */
  readonly entries: readonly Entry[];
};

const PATIENCE_MS = 30_000;

/**
 * Lets the phone set what an update wanted and did not get; undefined where that is nothing. What may still come of the
 * update is left out: it may be taken for that.
 */
export async function epilogueOf(
  service: Service,
  desk: Desk,
  watching: Watching,
  wishes: Values,
  timeline: Timeline,
): Promise<Epilogue | undefined> {
  const { instance, phone } = desk;
  const now = settingsOf(phone);
  const isOpen = timeline.sets.some(set => isPending(timeline, set));
  if (isOpen || wished(wishes).every(category => now[category] === wishes[category])) return undefined;
  // What has ended is told from what another device does by a read in between.
  const isRead = await service.client
    .call(Privacy.getPrivacySettings, { instance }, { deadlineMs: 5_000 })
    .then(() => true)
    .catch(() => false);
  // What the service does not know now it cannot see change.
  const known = lastTold(watching, desk);
  const missing = wished(wishes).filter(
    category => now[category] !== wishes[category] && known?.[category] === now[category],
  );
  if (!isRead || missing.length === 0) return undefined;

  const values: Values = Object.fromEntries(missing.map(category => [category, wishes[category]]));
  const heardBefore = watching.events.length;
  const since = Date.now();
  setOnPhone(phone, values);
  const end = since + PATIENCE_MS;
  for (;;) {
    const changes = changesHeard(watching, desk, heardBefore);
    const entries = (await historyOf(service, instance)).filter(({ time }) => time >= since);
    const epilogue = { values, told: lastTold(watching, desk) ?? {}, changes, entries };
    if (epilogueFaults(epilogue).length === 0 || Date.now() > end) return epilogue;
    await wait(50);
  }
}

/**
 * What was not told as it is: all of it is the phone's. A watcher may be told it in a snapshot, or as of nobody when not
 * all that was told with it is.
 */
export function epilogueFaults({ values, told, changes, entries }: Epilogue): string[] {
  return wished(values).flatMap(category => {
    const value = values[category];
    const isIts = (one: Told | Entry) => one.category === category && one.value === value;
    const isTakenForOurs = changes.some(one => isIts(one) && one.origin === Origin.THIS_SERVICE);
    const kept = entries.filter(isIts).map(({ origin }) => Origin[origin]);
    return [
      ...(told[category] === value ? [] : [`that the phone set ${category}=${value} was not told`]),
      ...(isTakenForOurs ? [`that the phone set ${category}=${value} was told as of this service`] : []),
      ...(kept.join() === 'OTHER_DEVICE' ? [] : [`of ${category}=${value} the history has ${kept.join()}`]),
    ];
  });
}
