import { setTimeout as wait } from 'node:timers/promises';
import { PrivacyServiceService as Privacy } from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { PrivacyEvent } from '../../../../src/simulator/index.js';
import {
  CATEGORIES,
  type Category,
  settingsOf,
  type Values,
  valuesOf,
} from '../../../faults/support/settings.js';
import { CallError, type Caller } from '../../../support/call.js';
import type { Scene } from '../support/scene.js';
import type { Track } from './updating.js';

/** What came of reads: how many were answered, why others failed, and what was false. */
export type Reads = { answered: number; readonly failed: Map<string, number>; readonly wrong: string[] };

const DEADLINE_MS = 10_000;
const GIVE_UP_MS = 3_000;
const PAUSE_MS = 100;

/** Reads accounts by turns until `over`, and holds what is told against what was in force since the read began. */
export async function keepReading(
  { simulator }: Scene,
  client: Caller,
  tracks: readonly Track[],
  over: AbortSignal,
): Promise<Reads> {
  const reads: Reads = { answered: 0, failed: new Map(), wrong: [] };
  const atFirst = new Map(tracks.map(({ desk }) => [desk, settingsOf(desk.phone)]));
  for (let turn = 0; !over.aborted; turn++) {
    const track = tracks[turn % tracks.length];
    if (!track) return reads;
    const { instance, phone } = track.desk;
    const journal = simulator.journal(phone.phoneNumber);
    const from = track.openFrom ?? journal.length;
    try {
      const { settings } = await client.call(
        Privacy.getPrivacySettings,
        { instance },
        { deadlineMs: DEADLINE_MS, signal: AbortSignal.timeout(DEADLINE_MS + GIVE_UP_MS) },
      );
      reads.answered++;
      const told: Values = settings ? valuesOf(settings) : {};
      const before = atFirst.get(track.desk) ?? {};
      for (const category of CATEGORIES) {
        const value = told[category];
        const inForce = valuesSince(journal, before, category, from);
        if (value !== undefined && !inForce.has(value))
          reads.wrong.push(
            `a read of ${instance} at ${new Date().toISOString()} told ${category}=${value}, in force was ${[...inForce].join()}`,
          );
      }
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      const why = `${error.code} ${error.reason ?? error.message}`;
      reads.failed.set(why, (reads.failed.get(why) ?? 0) + 1);
    }
    await wait(PAUSE_MS);
  }
  return reads;
}

/** The values that a category has had since that place of the journal. */
function valuesSince(
  journal: readonly PrivacyEvent[],
  before: Values,
  category: Category,
  from: number,
): Set<string | undefined> {
  const isIts = (event: PrivacyEvent) => event.event === 'changed' && event.category === category;
  const last = journal.slice(0, from).findLast(isIts);
  const later = journal.slice(from).filter(isIts);
  return new Set([
    last?.event === 'changed' ? last.value : before[category],
    ...later.map(event => (event.event === 'changed' ? event.value : undefined)),
  ]);
}
