import { setTimeout as sleep } from 'node:timers/promises';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Api } from '../../src/cli/client/client.js';
import { encodeSettings } from '../../src/cli/texts/setting-values.js';
import { parseAssignments } from '../../src/input/assignments.js';
import type { Figure } from '../figures/figure.js';
import { instanceName } from '../stage/seed.js';
import type { Stage } from '../stage/stage.js';

const ROUND_TRIP_MS = 100;
/** Older than this, the settings are read again before an update. */
const NO_LONGER_FRESH_MS = 3_100;
const BARE = 'one after another, then a read';

/** Settings and two values of each. From one to the other some narrow and some widen, which takes two waves. */
const SETTINGS = [
  ['last_seen', 'none', 'all'],
  ['status', 'all', 'none'],
  ['profile', 'none', 'all'],
  ['online', 'all', 'match_last_seen'],
  ['read_receipts', 'none', 'all'],
  ['call_add', 'all', 'known'],
  ['group_add', 'contacts', 'all'],
] as const;
const COUNTS = [7, 3, 1] as const;

/** What the settings are to be; each `turn` changes all of them. */
const assignments = (count: number, turn: number): string[] =>
  SETTINGS.slice(0, count).map(([setting, ...values]) => `${setting}=${values[turn % 2]}`);

/** Changes all these settings of an instance. */
export const update = (api: Api, instance: string, wanted: string[]): Promise<unknown> =>
  api.call(Privacy.updatePrivacySettings, {
    ...Privacy.updatePrivacySettings.requestDeserialize(Buffer.of()),
    instance,
    ...encodeSettings(parseAssignments(wanted)),
  });

/** What one way of changing settings took, round by round. */
type Series = { readonly ms: number[]; readonly stanzas: number[] };
const series = (): Series => ({ ms: [], stanzas: [] });

/** Times updates beside the same settings one after another on a bare socket, round by round. */
export async function measureUpdates(stage: Stage, size: number, rounds: number): Promise<Figure[]> {
  const service = await stage.service(size);
  await service.connectMs;
  const bare = stage.bareChanges();
  await stage.setLatency(ROUND_TRIP_MS);

  async function take(into: Series, work: () => Promise<unknown>): Promise<void> {
    await stage.takeStanzas();
    const started = performance.now();
    const measured = await work();
    into.ms.push(typeof measured === 'number' ? measured : performance.now() - started);
    into.stanzas.push(await stage.takeStanzas());
  }

  const counts = COUNTS.map((count, index) => ({
    count,
    instance: instanceName(index),
    bare: series(),
    cold: series(),
    fresh: series(),
  }));
  const still = { instance: instanceName(COUNTS.length), cold: series(), fresh: series() };
  const unchanged = () => update(service.api, still.instance, assignments(7, 0));
  for (const { count, instance } of counts) {
    await bare.change(assignments(count, 1));
    await update(service.api, instance, assignments(count, 1));
  }
  await unchanged();
  for (let round = 0; round < rounds; round++) {
    for (const { count, bare: into } of counts)
      await take(into, () => bare.change(assignments(count, round)));
    await sleep(NO_LONGER_FRESH_MS);
    for (const { count, instance, cold, fresh } of counts) {
      await take(cold, () => update(service.api, instance, assignments(count, 0)));
      await take(fresh, () => update(service.api, instance, assignments(count, 1)));
    }
    await take(still.cold, unchanged);
    await take(still.fresh, unchanged);
  }

  await stage.setLatency(0);
  await bare.stop();
  service.api.close();
  await service.process.stop();
  const [seven] = counts;
  if (!seven) throw new Error('nothing was measured');
  return [
    ...counts.flatMap(({ count, cold, fresh, bare }) => [
      ...figures(`${changes(count)}, settings to be read first`, cold, bare),
      ...figures(`${changes(count)}, settings fresh`, fresh, bare),
    ]),
    ...figures('7 unchanged, settings to be read first', still.cold, seven.bare),
    ...figures('7 unchanged, settings fresh', still.fresh, seven.bare),
  ];
}

const changes = (count: number): string => (count === 1 ? '1 change' : `${count} changes`);

function figures(name: string, ours: Series, bare: Series): Figure[] {
  const chapter = 'Changing settings at 100 ms round trip';
  const against = (values: readonly number[]) => ({ what: BARE, values });
  return [
    { chapter, name, unit: 'ms', ours: ours.ms, against: against(bare.ms) },
    {
      chapter,
      name: `${name}, stanzas`,
      unit: 'stanzas',
      ours: ours.stanzas,
      against: against(bare.stanzas),
    },
  ];
}
