import { isValueOf, type Setting } from './settings-table.js';
import {
  isLocked,
  isReported,
  reportedValue,
  type Snapshot,
  type Wishes,
  wishedSettings,
} from './snapshot.js';
import type { Change } from './waves.js';

/** What an update comes to, given what WhatsApp reports. */
export type Plan = {
  /** Settings that have the wished value already. */
  readonly unchanged: readonly Change[];
  readonly changes: readonly Change[];
  /** Wished settings that the account does not report: they must not be set. */
  readonly unavailable: readonly Setting[];
  /** Settings that would change and that Strict Account Settings keep for the phone. */
  readonly locked: readonly Setting[];
};

/** Compares the wishes with a fresh snapshot. */
export function planUpdate(snapshot: Snapshot, wishes: Wishes): Plan {
  const wanted: Change[] = wishedSettings(wishes).map(setting => ({
    setting,
    from: reportedValue(snapshot, setting),
    to: wishes[setting] as string,
  }));
  const changes = wanted.filter(({ from, to }) => from !== to);
  return {
    unchanged: wanted.filter(({ from, to }) => from === to),
    changes,
    unavailable: changes.map(change => change.setting).filter(setting => !isReported(snapshot, setting)),
    locked: changes.map(change => change.setting).filter(setting => isLocked(snapshot, setting)),
  };
}

/** The changes that take the given ones back, the last first; those whose old value cannot be set are left out. */
export const inverted = (changes: readonly Change[]): Change[] =>
  changes
    .toReversed()
    .filter(({ setting, from }) => from !== undefined && isValueOf(setting, from))
    .map(({ setting, from, to }) => ({ setting, from: to, to: from as string }));
