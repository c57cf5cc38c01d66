import { setTimeout as wait } from 'node:timers/promises';
import {
  PrivacyChange_Kind as Kind,
  PrivacyServiceService as Privacy,
  type PrivacyChange,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { PrivacyEvent } from '../../../src/simulator/index.js';
import type { Service } from '../../support/service.js';
import type { Watching } from '../../support/watch.js';
import { type Aftermath, type Entry, isUntold, type Told } from './afterwards.js';
import { type Desk, recover, undeafen } from './fleet.js';
import { CATEGORIES, categoryOf, settingsOf, type Values, valuesOf } from './settings.js';
import { timelineOf } from './timeline.js';

/** So long the service may take to find out by itself. */
const PATIENCE_MS = 30_000;
/** The same where nothing ends what has no answer: it is reckoned with for a minute. */
const LONG_PATIENCE_MS = 90_000;

/** Lets everything come to its end; undefined when the account does not come back by itself. */
export async function aftermathOf(
  service: Service,
  desk: Desk,
  watching: Watching,
  { heardBefore, before, events, isDeaf, isLeftAlone }: Happened,
  isTrue: (left: Omit<Aftermath, 'changes'>) => boolean,
): Promise<Aftermath | undefined> {
  // On a living connection a change without a reply may take effect for a long time.
  const isOpen = timelineOf(before, events()).sets.some(({ answered }) => answered === undefined);
  if (isDeaf || (isOpen && !isLeftAlone)) await undeafen(service, desk);
  if (!(await recover(service, desk))) return undefined;

  const isTold = () => {
    const [known, final, timeline] = [
      lastTold(watching, desk),
      settingsOf(desk.phone),
      timelineOf(before, events()),
    ];
    return (
      known !== undefined &&
      CATEGORIES.every(name => known[name] === final[name] || isUntold(known, timeline, name))
    );
  };
  const end = Date.now() + (isOpen && isLeftAlone ? LONG_PATIENCE_MS : PATIENCE_MS);
  const left = async () => ({
    isTold: isTold(),
    final: settingsOf(desk.phone),
    told: lastTold(watching, desk) ?? {},
    history: await historyOf(service, desk.instance),
  });
  let last = await left();
  while (!(last.isTold && isTrue(last)) && Date.now() < end) {
    // Its connection may have ended since, and not come back by itself.
    if (!lastTold(watching, desk) && !(await recover(service, desk))) return undefined;
    await wait(50);
    last = await left();
  }
  return { ...last, changes: changesHeard(watching, desk, heardBefore) };
}

/** The settings of an instance that a watcher was told last; undefined when it was told since that there are none. */
export function lastTold({ events }: Watching, { instance }: Desk): Values | undefined {
  const last = events.findLast(each => each.instance === instance)?.event;
  const settings = last?.$case === 'change' ? last.value.settings : last?.$case === 'snapshot' && last.value;
  return settings ? valuesOf(settings) : undefined;
}

/** The changes of an instance that a watcher was told of since so many events. */
export const changesHeard = (watching: Watching, { instance }: Desk, since: number): Told[] =>
  watching.events.slice(since).flatMap(({ instance: of, event }) => {
    if (of !== instance || event?.$case !== 'change' || !event.value.settings) return [];
    const { changed, origin, settings } = event.value;
    const values: Values = valuesOf(settings);
    return changed.flatMap(setting => {
      const category = categoryOf(setting);
      return category ? [{ category, value: values[category], origin }] : [];
    });
  });

type Happened = {
  /** How much a watcher had heard when the update began. */
  readonly heardBefore: number;
  readonly before: Values;
  readonly events: () => readonly PrivacyEvent[];
  readonly isDeaf: boolean;
  /** Whether what has no answer is left to itself. */
  readonly isLeftAlone: boolean;
};

/** The changes of an instance, newest first. */
export async function historyOf({ client }: Service, instance: string): Promise<readonly Entry[]> {
  const kinds = [Kind.SETTING_CHANGED];
  const { changes } = await client.call(Privacy.listPrivacyChanges, { instance, pageSize: 50, kinds });
  return changes.map(entryOf);
}

/** An entry of the history as it came. */
export const entryOf = (change: PrivacyChange): Entry => ({
  time: change.changeTime?.getTime() ?? 0,
  category: categoryOf(change.setting),
  before: change.oldValue,
  value: change.newValue,
  origin: change.origin,
  requestId: change.requestId,
  outcome: change.outcome,
  resolved: change.resolvedOutcome,
});
