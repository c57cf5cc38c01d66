import { BUILT_IN_VERSION } from './built-in-version.js';

/** Where a version comes from. */
export type VersionSource = 'BUILT_IN' | 'CONFIGURED' | 'FETCHED';

/** A version of WhatsApp Web, `2.3000.N`, of which N alone changes. */
export type ClientVersion = {
  /** N: the revision of WhatsApp Web's code. */
  readonly revision: number;
  readonly source: VersionSource;
  /** When WhatsApp Web had it; for a configured one reckoned from its number, for a fetched one the time of the fetch. */
  readonly releasedAt: Date;
};

const DAY_MS = 24 * 60 * 60 * 1000;
/** Between two published versions, 64,000 in July and August and 72,000 in August and September of 2026. */
const REVISIONS_PER_DAY = 70_000;
/** No version is so far ahead of its time: one and a half times the fastest pace, rounded up. */
const MOST_REVISIONS_PER_DAY = 150_000;

/** From this age on the operator is warned; links failed from 109 days on, logins from 125 (docs/whatsapp.md). */
export const OLD_DAYS = 60;

const BUILT_IN_AT = new Date(`${BUILT_IN_VERSION.releasedOn}T00:00:00Z`);

/** The version of this release. */
export const BUILT_IN: ClientVersion = {
  revision: BUILT_IN_VERSION.revision,
  source: 'BUILT_IN',
  releasedAt: BUILT_IN_AT,
};

/** `2.3000.1048032155` */
export const versionText = ({ revision }: Pick<ClientVersion, 'revision'>): string => `2.3000.${revision}`;

/** The revision in such a text; undefined for any other. */
export function revisionIn(text: string): number | undefined {
  const digits = /^2\.3000\.([1-9]\d{8,9})$/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Whole days since then; 0 when the clock says that it is still to come. */
export const ageInDays = ({ releasedAt }: Pick<ClientVersion, 'releasedAt'>, now: Date): number =>
  Math.max(Math.floor((now.getTime() - releasedAt.getTime()) / DAY_MS), 0);

/** A configured version, as old as its number lets expect. */
export function configuredVersion(revision: number, now: Date): ClientVersion {
  const days = (revision - BUILT_IN.revision) / REVISIONS_PER_DAY;
  const reckoned = BUILT_IN_AT.getTime() + days * DAY_MS;
  return { revision, source: 'CONFIGURED', releasedAt: new Date(Math.min(reckoned, now.getTime())) };
}

/** Whether a number that was fetched can be the newest version: above that of this release, and not absurdly so. */
export function isPlausible(revision: number, now: Date): boolean {
  const most = MOST_REVISIONS_PER_DAY * (ageInDays(BUILT_IN, now) + 1);
  return Number.isInteger(revision) && revision > BUILT_IN.revision && revision <= BUILT_IN.revision + most;
}

/** The one with the highest number. */
export const newestOf = (first: ClientVersion, ...others: readonly ClientVersion[]): ClientVersion =>
  others.reduce((newest, version) => (version.revision > newest.revision ? version : newest), first);
