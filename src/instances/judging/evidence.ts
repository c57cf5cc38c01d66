import { reportedValue, type Snapshot } from '../../domain/settings/snapshot.js';
import type { Change } from '../../domain/settings/waves.js';

/** What a read shows of one change. */
export type Evidence =
  /** What it asked for. */
  | { readonly shows: 'requested' }
  /** What was there before it, or a third thing; `inWords` names that. */
  | { readonly shows: 'previous' | 'another'; readonly inWords: string }
  /** It does not tell. */
  | { readonly shows: 'nothing' };

export const SHOWS_NOTHING: Evidence = { shows: 'nothing' };
export const SHOWS_REQUESTED: Evidence = { shows: 'requested' };

/** What the settings tell of a change of one of them. */
export function settingEvidence(snapshot: Snapshot, { setting, from, to }: Change): Evidence {
  const value = reportedValue(snapshot, setting);
  if (value === undefined) return SHOWS_NOTHING;
  if (value === to) return SHOWS_REQUESTED;
  return { shows: value === from ? 'previous' : 'another', inWords: `"${value}"` };
}
