import type { LoggedStanza, SessionRecord } from '../../../../src/simulator/index.js';
import type { Desk } from './desk.js';
import type { Freeze } from './node-place.js';

/*
 * One holder for each account, as WhatsApp sees it. A login ends the older session of the device there; it is a fault all
 * the same when the older one was still connected, because its node had to close it before. A process that is frozen
 * cannot, so that alone may be found connected, and then only until it runs again, and it may not say a word on it.
 */

/** How long a process that runs again may take to close what it has lost. */
const WAKING_MS = 3_000;
/** Within this of its edges a freeze may have begun or ended: signals take their time. */
const EDGE_MS = 500;

/** The process that a session is of, by what it asked for when it connected. */
export const runOf = (target: string): string =>
  new URL(target, 'ws://simulator').searchParams.get('run') ?? '';

/** What two sessions of one account did at the same time. */
export type Overlap = {
  readonly instance: string;
  readonly ms: number;
  /** The process of the older session, and for how long it had been running again at its end, if it was frozen. */
  readonly run: string;
  readonly wakingMs: number | undefined;
  readonly isExcused: boolean;
};

/** Every login of an account that found the session of another process. */
export const overlapsOf = (
  { instance }: Desk,
  sessions: readonly SessionRecord[],
  freezes: readonly Freeze[],
): Overlap[] =>
  sessions.flatMap(older => {
    const { replaced, until = Date.now() } = older;
    if (replaced === undefined || until <= replaced) return [];
    const newer = sessions.find(({ from, connection }) => from === replaced && connection > older.connection);
    if (newer?.target === older.target) return [];
    const freeze = joined(freezes).find(
      ({ run, from, to = Number.POSITIVE_INFINITY }) =>
        runOf(older.target) === run && from - EDGE_MS <= replaced && replaced <= to + EDGE_MS,
    );
    const wakingMs = freeze && until - (freeze.to ?? until);
    const isExcused = wakingMs !== undefined && wakingMs <= WAKING_MS;
    return [{ instance, ms: until - replaced, run: runOf(older.target), wakingMs, isExcused }];
  });

/** Freezes of one process between which it had no time to wake are one. */
const joined = (freezes: readonly Freeze[]): Freeze[] =>
  freezes.reduce<Freeze[]>((all, { run, from, to }) => {
    const before = all.find(
      other => other.run === run && other.to !== undefined && from <= other.to + WAKING_MS,
    );
    if (before) before.to = to;
    else all.push({ run, from, to });
    return all;
  }, []);

/** What was said on sessions that had been replaced: at that moment another process had the account. */
export const wordsAfterwards = (
  sessions: readonly SessionRecord[],
  stanzas: readonly LoggedStanza[],
): LoggedStanza[] => {
  const replaced = new Map(sessions.map(session => [session.connection, session.replaced]));
  return stanzas.filter(({ connection, time }) => time > (replaced.get(connection) ?? time));
};
