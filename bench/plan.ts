/** How much is measured. */
export type Plan = {
  readonly updates: { readonly rounds: number };
  readonly calls: { readonly rounds: number; readonly forMs: number; readonly warmUpMs: number };
  /** In order of size. Where `idleMs` is 0, what it costs to be idle is not measured. */
  readonly fleets: readonly { readonly size: number; readonly rounds: number; readonly idleMs: number }[];
  /** One of the sizes, and how many of its instances are also updated one after another. */
  readonly rollout: { readonly over: number; readonly oneByOne: number };
  readonly startUp: { readonly rounds: number };
  /** How many instances are parked, and calls under way at a time. */
  readonly parked: { readonly size: number; readonly inFlight: number };
  /**
   * How many instances are watched, for how long, and how long pushes are trusted where that is not as usual. A renewal of
   * each must fall into that time.
   */
  readonly watched: { readonly size: number; readonly forMs: number; readonly trustSeconds?: number };
};

/** What the targets are held against. */
export const FULL: Plan = {
  updates: { rounds: 7 },
  calls: { rounds: 5, forMs: 1_500, warmUpMs: 10_000 },
  fleets: [
    { size: 10, rounds: 3, idleMs: 0 },
    { size: 100, rounds: 3, idleMs: 0 },
    { size: 1000, rounds: 3, idleMs: 60_000 },
    { size: 2500, rounds: 1, idleMs: 60_000 },
  ],
  rollout: { over: 1000, oneByOne: 30 },
  startUp: { rounds: 7 },
  parked: { size: 10_000, inFlight: 64 },
  watched: { size: 1000, forMs: 600_000 },
};

/** Enough to see that the bench works, and nothing to rely on. */
export const QUICK: Plan = {
  updates: { rounds: 2 },
  calls: { rounds: 2, forMs: 500, warmUpMs: 1_000 },
  fleets: [
    { size: 10, rounds: 1, idleMs: 0 },
    { size: 50, rounds: 2, idleMs: 3_000 },
  ],
  rollout: { over: 50, oneByOne: 5 },
  startUp: { rounds: 2 },
  parked: { size: 100, inFlight: 16 },
  watched: { size: 20, forMs: 5_000, trustSeconds: 5 },
};
