import {
  type ApplyPrivacySettingsResponse,
  PrivacyServiceService as Privacy,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Api } from '../../src/cli/client/client.js';
import { encodeSettings } from '../../src/cli/texts/setting-values.js';
import { parseAssignments } from '../../src/input/assignments.js';
import type { Figure } from '../figures/figure.js';
import type { Plan } from '../plan.js';
import { instanceName } from '../stage/seed.js';
import type { Stage } from '../stage/stage.js';
import { update } from './updates.js';

const ROUND_TRIP_MS = 100;

/** One ApplyPrivacySettings over many instances, beside updates of some, one instance after another. */
export async function measureRollout(stage: Stage, api: Api, plan: Plan['rollout']): Promise<Figure[]> {
  const names = (count: number) => Array.from({ length: count }, (_, index) => instanceName(index));
  await stage.setLatency(ROUND_TRIP_MS);
  const oneByOne = await timed(stage, plan.oneByOne, async () => {
    for (const instance of names(plan.oneByOne)) await update(api, instance, ['last_seen=none']);
  });
  const all = await timed(stage, plan.over, async () => {
    const ends: ApplyPrivacySettingsResponse[] = [];
    const stream = api.stream(Privacy.applyPrivacySettings, {
      ...Privacy.applyPrivacySettings.requestDeserialize(Buffer.of()),
      instances: names(plan.over),
      ...encodeSettings(parseAssignments(['last_seen=contacts'])),
    });
    for await (const end of stream) ends.push(end);
    if (ends.length < plan.over || ends.some(({ result }) => result?.$case !== 'success'))
      throw new Error('not every instance was updated');
  });
  await stage.setLatency(0);

  const chapter = 'Growth';
  const name = `ApplyPrivacySettings over ${plan.over}, per instance`;
  const against = (value: number) => ({ what: 'updates of one instance after another', values: [value] });
  return [
    { chapter, name, unit: 'ms', ours: [all.msEach], against: against(oneByOne.msEach) },
    {
      chapter,
      name: `${name}, stanzas`,
      unit: 'stanzas',
      ours: [all.stanzasEach],
      against: against(oneByOne.stanzasEach),
    },
  ];
}

async function timed(stage: Stage, instances: number, work: () => Promise<void>) {
  await stage.takeStanzas();
  const started = performance.now();
  await work();
  const msEach = (performance.now() - started) / instances;
  return { msEach, stanzasEach: (await stage.takeStanzas()) / instances };
}
