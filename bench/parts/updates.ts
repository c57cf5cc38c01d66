import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../figures/figure.js';
import type { Plan } from '../plan.js';
import { instanceName } from '../stage/seed.js';
import type { Cast, Stage } from '../stage/stage.js';
import { warmGet } from '../stage/warm-gets.js';
import { mixed, NARROW, one, update, WIDE } from './changes.js';
import { type Contender, contenders, figuresBeside, stopAll } from './contenders.js';

/** Older than this, settings spare an update no read: what is known of them comes from the connection alone. */
const NO_LONGER_FRESH_MS = 3_100;
const ACCOUNTS = 17;
export const CAST: Cast = { services: [ACCOUNTS], peers: ACCOUNTS };

/** One kind of update. */
type Case = {
  readonly name: string;
  readonly roundTripMs: number;
  /** Updated one after another, to have more than a moment to measure. */
  readonly accounts: readonly number[];
  readonly wanted: (round: number) => readonly string[];
  /** What is set back after each round, unmeasured. */
  readonly after?: readonly string[];
  /** Of ours alone: the same with the etag of the settings, which must be read before anything is sent. */
  readonly withEtag?: number;
  /** Of ours alone: the same again at once, when settings are fresh. */
  readonly again?: true;
};

const account = (index: number, count = 1): number[] =>
  Array.from({ length: count }, (_, more) => index + more);
const CASES: readonly Case[] = [
  { name: '7 narrowing changes', roundTripMs: 100, accounts: account(0), wanted: () => NARROW, after: WIDE },
  { name: '7 mixed changes', roundTripMs: 100, accounts: account(1), wanted: mixed, withEtag: 2 },
  { name: '1 change', roundTripMs: 100, accounts: account(3), wanted: one, withEtag: 4 },
  { name: '7 unchanged', roundTripMs: 100, accounts: account(5), wanted: () => WIDE, again: true },
  { name: '7 mixed changes', roundTripMs: 20, accounts: account(6), wanted: mixed },
  { name: '7 mixed changes', roundTripMs: 0, accounts: account(7, 10), wanted: mixed },
];

/** What one way of making an update took, round by round. */
type Series = { readonly ms: number[]; readonly stanzas: number[] };
type Row = { readonly case: Case; readonly living: Series; readonly read: Series; readonly fresh: Series };
const series = (): Series => ({ ms: [], stanzas: [] });

/** Times updates beside the same settings one after another, round by round. */
export async function measureUpdates(stage: Stage, { rounds }: Plan['updates']): Promise<Figure[]> {
  const service = await stage.service(ACCOUNTS);
  await service.connectMs;
  const peers = await contenders(stage, ACCOUNTS, () => CASES.map(series));
  const rows: Row[] = CASES.map(one => ({ case: one, living: series(), read: series(), fresh: series() }));
  const own = (index: number, wanted: readonly string[], etag?: string) =>
    update(service.api, instanceName(index), wanted, etag);

  // Everything is known before, everywhere, and nothing is measured of the first turn.
  for (const { accounts, wanted, withEtag, after } of CASES)
    for (const index of withEtag === undefined ? accounts : [...accounts, withEtag])
      for (const change of [own, ...peers.flatMap(({ peer }) => peer?.change ?? [])])
        await change(index, after ?? wanted(rounds));

  async function take(
    { ms, stanzas }: Series,
    accounts: readonly number[],
    work: (index: number) => unknown,
  ) {
    await stage.takeStanzas();
    const started = performance.now();
    for (const index of accounts) await work(index);
    ms.push((performance.now() - started) / accounts.length);
    stanzas.push((await stage.takeStanzas()) / accounts.length);
  }
  for (let round = rounds - 1; round >= 0; round--) {
    const began = performance.now();
    for (const { peer, measured } of peers)
      for (const [index, { roundTripMs, accounts, wanted, after }] of CASES.entries()) {
        if (!peer) continue;
        await stage.setLatency(roundTripMs);
        await take(measured[index] as Series, accounts, one => peer.change(one, wanted(round)));
        if (after) for (const one of accounts) await peer.change(one, after);
      }
    await sleep(Math.max(NO_LONGER_FRESH_MS + began - performance.now(), 0));
    for (const { case: one, living, read, fresh } of rows) {
      const { roundTripMs, accounts, wanted, after, withEtag, again } = one;
      await stage.setLatency(roundTripMs);
      await take(living, accounts, index => own(index, wanted(round)));
      if (again) await take(fresh, accounts, index => own(index, wanted(round)));
      if (after) for (const index of accounts) await own(index, after);
      if (withEtag === undefined) continue;
      const { settings } = await warmGet(service.api, instanceName(withEtag));
      await take(read, [withEtag], index => own(index, wanted(round), settings?.etag));
    }
  }
  await stopAll(peers);
  await service.stop();
  return rows.flatMap((row, index) => figuresOf(row, index, peers));
}

function figuresOf(row: Row, index: number, peers: readonly Contender<Series[]>[]): Figure[] {
  const { name, roundTripMs } = row.case;
  const chapter = 'Changing settings';
  const theirs = peers.map(peer => ({ ...peer, measured: peer.measured[index] as Series }));
  const both = (what: string, { ms, stanzas }: Series): Figure[] => [
    ...figuresBeside({ chapter, name: what, unit: 'ms' }, { ms, stanzas }, theirs, series => series.ms),
    { chapter, name: `${what}, stanzas`, unit: 'stanzas', ours: stanzas },
  ];
  const at = `${name} at ${roundTripMs} ms`;
  return [
    ...both(at, row.living),
    ...(row.case.withEtag === undefined ? [] : both(`${at}, to be read first`, row.read)),
    ...(row.case.again ? both(`${at}, settings fresh`, row.fresh) : []),
  ];
}
