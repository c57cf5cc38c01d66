import { createHash } from 'node:crypto';
import { memoize } from './memoize.js';
import { type ReportedValue, SETTING_NAMES, SETTINGS, type Setting, type Value } from './settings-table.js';

/** A category in WhatsApp's own words. */
export type ReportedCategory = { readonly category: string; readonly value: string };

/** A category for which WhatsApp sent an error in place of a value. */
export type UnreadableCategory = {
  readonly category: string;
  readonly code: number;
  readonly text: string;
  /** WhatsApp did not answer at all, so that it has not even named the category. */
  readonly isSilent?: true;
};

/** All privacy settings of an account as WhatsApp reported them at one moment. */
export type Snapshot = {
  readonly values: { readonly [S in Setting]?: ReportedValue<S> };
  /** Categories, and values of known categories, that the table has no name for. */
  readonly others: readonly ReportedCategory[];
  readonly unreadable: readonly UnreadableCategory[];
  /** All that came with a value, named or not, in WhatsApp's order. */
  readonly categories: readonly ReportedCategory[];
  /** When WhatsApp answered. */
  readonly observedAt: Date;
};

/** Some settings and the values wanted for them. */
export type Wishes = { readonly [S in Setting]?: Value<S> };

/** The wished settings in the order of the table. */
export const wishedSettings = (wishes: Wishes): Setting[] =>
  SETTING_NAMES.filter(setting => wishes[setting] !== undefined);

/** The wire value WhatsApp reported, also one the table does not know; undefined when it reported none. */
export const reportedValue = (snapshot: Snapshot, setting: Setting): string | undefined =>
  snapshot.values[setting] ??
  snapshot.others.find(other => other.category === SETTINGS[setting].category)?.value;

/**
 * Whether WhatsApp named the setting at all, be it with an unknown value or an error. Setting a category that an
 * account does not report can lock it out of linked devices (Baileys PR 1071).
 */
export const isReported = (snapshot: Snapshot, setting: Setting): boolean =>
  reportedValue(snapshot, setting) !== undefined ||
  snapshot.unreadable.some(({ category, isSilent }) => category === SETTINGS[setting].category && !isSilent);

/** Whether Strict Account Settings keep the setting for the phone alone. */
export const isLocked = (snapshot: Snapshot, setting: Setting): boolean =>
  SETTINGS[setting].lockedByDefense && ![undefined, 'off'].includes(reportedValue(snapshot, 'defense'));

/** The settings whose reported value differs; one that was not reported on either side has none to compare. */
export const changedSettings = (before: Snapshot, after: Snapshot): Setting[] =>
  SETTING_NAMES.filter(setting => {
    const [was, is] = [reportedValue(before, setting), reportedValue(after, setting)];
    return was !== undefined && is !== undefined && was !== is;
  });

/** A snapshot with the last known value of each setting that it does not tell. */
export const withLastKnown = (before: Snapshot | undefined, after: Snapshot): Snapshot => {
  const untold = SETTING_NAMES.filter(setting => reportedValue(after, setting) === undefined);
  const known = untold.flatMap(setting => {
    const value = before && reportedValue(before, setting);
    return value === undefined ? [] : [{ category: SETTINGS[setting].category, value }];
  });
  return known.length > 0 ? { ...after, others: [...after.others, ...known] } : after;
};

/** Opaque; two snapshots with the same settings have the same etag, whenever they were observed. */
export const etagOf = memoize(({ values, others, unreadable }: Snapshot): string => {
  const facts = [
    ...SETTING_NAMES.filter(name => values[name] !== undefined).map(name => ['=', name, values[name]]),
    ...others.map(({ category, value }) => ['?', category, value]),
    ...unreadable.map(({ category, code }) => ['!', category, code]),
  ].map(fact => JSON.stringify(fact));
  return createHash('sha256').update(facts.sort().join('\n')).digest('base64url').slice(0, 16);
});
