import { type Against, besideEach, type Figure } from '../figures/figure.js';
import type { Peer, RunningPeer } from '../stage/peers.js';
import type { Stage } from '../stage/stage.js';

/** A peer that takes part in a measurement, with what is measured of it; without `peer` it cannot be had. */
export type Contender<Measured> = {
  readonly what: Peer['what'];
  readonly missing: string | undefined;
  readonly peer: RunningPeer | undefined;
  readonly measured: Measured;
};

/** Starts every peer that can be had, with so many accounts, all logged in. */
export const contenders = <Measured>(
  { peers }: Stage,
  size: number,
  measured: () => Measured,
  env?: Record<string, string>,
): Promise<readonly Contender<Measured>[]> =>
  Promise.all(
    peers.map(async ({ what, missing, start }) => {
      const peer = missing === undefined ? await start(size, env) : undefined;
      await peer?.connectMs;
      return { what, missing, peer, measured: measured() };
    }),
  );

export async function stopAll(all: readonly Contender<unknown>[]): Promise<void> {
  for (const { peer } of all) await peer?.stop();
}

/** One of the values measured, of ours beside each peer. */
export const figuresBeside = <Measured>(
  figure: Omit<Figure, 'ours' | 'against'>,
  ours: Measured,
  all: readonly Contender<Measured>[],
  of: (measured: Measured) => readonly number[],
): Figure[] =>
  besideEach(
    { ...figure, ours: of(ours) },
    all.map(({ what, missing, measured }): Against => ({ what, missing, values: of(measured) })),
  );
