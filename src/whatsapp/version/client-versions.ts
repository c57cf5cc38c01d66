import { clock as steadyClock } from '../../domain/time/clock.js';
import { msSince, wallTime } from '../../domain/time/wall-time.js';
import {
  ageInDays,
  BUILT_IN,
  type ClientVersion,
  configuredVersion,
  isPlausible,
  newestOf,
  OLD_DAYS,
  versionText,
} from '../../domain/version/client-version.js';
import { type Expiration, expirationAfter } from '../../domain/version/expiration.js';
import type { ClientVersions, VersionRecord, VersionStore } from '../../instances/ports/client-version.js';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const CHECK_EVERY_MS = 10 * 60 * 1000;

/** When the newest version is looked for. */
export type VersionFetching = 'off' | 'when_refused' | 'daily';

/** What the operator is told of versions. */
export type VersionLog = {
  versionAnnounced(version: { version: string; source: string; ageDays: number }): void;
  /** The configured one is lower than that of this release. */
  versionIgnored(versions: { configured: string; version: string }): void;
  versionOld(version: { version: string; ageDays: number }): void;
  versionExpires(version: { version: string; expireTime: Date }): void;
  versionFetchFailed(failure: { cause: unknown }): void;
  taskFailed(failure: { task: string; cause: unknown }): void;
};

/** What decides about versions. */
export type VersionOptions = {
  /** The revision that the operator named. */
  readonly configured?: number | undefined;
  readonly fetching: VersionFetching;
  /** Asks WhatsApp for the revision that is live. */
  readonly fetchLive: () => Promise<number>;
  readonly store: VersionStore;
  readonly log: VersionLog;
  /** Milliseconds by a clock that is never set back. */
  readonly clock?: () => number;
};

/** The versions of this node, and the end of what they do by themselves. */
export type OpenVersions = ClientVersions & {
  /** Fulfils when nothing more is written. */
  stop(): Promise<void>;
};

/** Takes up what is stored of versions. Nothing waits for a fetch. */
export async function openVersions(options: VersionOptions): Promise<OpenVersions> {
  const { configured, fetching, fetchLive, store, log, clock = steadyClock } = options;
  let record: VersionRecord = await store.load();
  let saving: Promise<void> = Promise.resolve();
  const listeners: (() => void)[] = [];
  const warnedAt = new Map<string, number>();
  // From here on by the clock that is never set back; a stored time that is still to come counts as now.
  let nextLook = clock() + leftOf(record.lookTime, HOUR_MS);
  let nextDaily = clock() + leftOf(record.fetched?.time, DAY_MS);
  let looking = false;
  let stopped = false;

  function announced(): ClientVersion {
    const now = wallTime();
    const { fetched } = record;
    const others: ClientVersion[] = [];
    if (configured !== undefined) others.push(configuredVersion(configured, now));
    if (fetched && fetching !== 'off' && isPlausible(fetched.revision, now))
      others.push({ revision: fetched.revision, source: 'FETCHED', releasedAt: fetched.time });
    return newestOf(BUILT_IN, ...others);
  }

  function keep(patch: Partial<VersionRecord>) {
    record = { ...record, ...patch };
    const kept = record;
    saving = saving
      .then(() => store.save(kept))
      .catch((cause: unknown) => log.taskFailed({ task: 'storing the client version', cause }));
  }

  /** Takes up what another node has found, or that it looks just now. */
  function takeUp() {
    saving = saving
      .then(async () => {
        const before = announced();
        const known = record;
        const stored = await store.load();
        if (record !== known) return; // Another one is on its way there, and is read again then.
        record = stored;
        nextLook = Math.max(nextLook, clock() + leftOf(record.lookTime, HOUR_MS));
        nextDaily = Math.max(nextDaily, clock() + leftOf(record.fetched?.time, DAY_MS));
        if (announced().revision > before.revision) tellAnnounced();
      })
      .catch((cause: unknown) => log.taskFailed({ task: 'reading the client version', cause }));
    return saving;
  }

  async function look() {
    if (fetching === 'off' || looking || clock() < nextLook) return;
    looking = true;
    nextLook = clock() + HOUR_MS;
    keep({ lookTime: wallTime() });
    try {
      found(await fetchLive());
    } catch (cause) {
      log.versionFetchFailed({ cause });
    } finally {
      looking = false;
    }
  }

  function found(revision: number) {
    if (stopped) return;
    const now = wallTime();
    if (revision > BUILT_IN.revision && !isPlausible(revision, now))
      throw new Error(`${versionText({ revision })} is too far ahead to be a version of today`);
    nextDaily = clock() + DAY_MS;
    const before = announced();
    keep({ fetched: { revision, time: now } });
    if (announced().revision <= before.revision) return;
    tellAnnounced();
    for (const listener of listeners) listener();
  }

  function tellAnnounced() {
    const version = announced();
    const ageDays = ageInDays(version, wallTime());
    log.versionAnnounced({ version: versionText(version), source: version.source, ageDays });
  }

  const expiration = (): Expiration | undefined =>
    record.expiration?.revision === announced().revision ? record.expiration : undefined;

  /** Once a day for each of what there is to warn of. */
  function warn() {
    const daily = (what: string, tell: () => void) => {
      if (clock() - (warnedAt.get(what) ?? -Infinity) < DAY_MS) return;
      warnedAt.set(what, clock());
      tell();
    };
    const newest = announced();
    const version = versionText(newest);
    const ageDays = ageInDays(newest, wallTime());
    if (ageDays >= OLD_DAYS) daily('old', () => log.versionOld({ version, ageDays }));
    const expires = expiration();
    if (expires) daily(`expires ${version}`, () => log.versionExpires({ version, expireTime: expires.time }));
  }

  function check() {
    if (fetching === 'daily' && clock() >= nextDaily) void look();
    warn();
  }

  if (configured !== undefined && configured < BUILT_IN.revision)
    log.versionIgnored({ configured: versionText({ revision: configured }), version: versionText(BUILT_IN) });
  tellAnnounced();
  check();
  const following = store.onChange?.(() => void takeUp());
  const timer = setInterval(check, CHECK_EVERY_MS).unref();

  return {
    announced,
    refused: () => void look(),
    expirationTold(revision, told) {
      if (revision !== announced().revision) return;
      const before = record.expiration;
      const after = expirationAfter(before, revision, told, wallTime());
      if (after === before) return;
      keep({ expiration: after });
      warn();
    },
    onRaised: listener => void listeners.push(listener),
    status: () => ({ announced: announced(), expireTime: expiration()?.time, fetched: record.fetched }),
    async stop() {
      stopped = true;
      clearInterval(timer);
      following?.[Symbol.dispose]();
      await saving;
    },
  };
}

/** How much of a time is left that began then. */
function leftOf(since: Date | undefined, ms: number): number {
  const passed = since ? msSince(since) : ms;
  return Math.max(ms - passed, 0);
}
