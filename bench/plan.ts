/** How much is measured. */
export type Plan = {
  readonly updates: { readonly rounds: number };
  readonly parallel: { readonly rounds: number; readonly forMs: number };
  readonly apply: { readonly rounds: number };
  readonly calls: { readonly rounds: number; readonly forMs: number; readonly warmUpMs: number };
  /** So many instances connect, and then nobody calls for a while. */
  readonly fleet: { readonly size: number; readonly rounds: number; readonly idleMs: number };
  /** The sizes in order, and how often the services of all sizes are called by turns. */
  readonly growth: {
    readonly sizes: readonly number[];
    readonly idleMs: number;
    readonly rounds: number;
    readonly gets: number;
  };
  /** How many instances the larger of the services has that are started. */
  readonly startUp: { readonly size: number; readonly rounds: number };
  /** How many instances are parked, and calls under way at a time. */
  readonly parked: { readonly size: number; readonly inFlight: number };
  /**
   * How many instances are watched, for how long, and how long pushes are trusted where that is not as usual. A renewal of
   * each must fall into that time.
   */
  readonly watched: { readonly size: number; readonly forMs: number; readonly trustSeconds?: number };
  /** How many instances one, two and three nodes share out, and for how long calls go through either of two. */
  readonly nodes: {
    readonly size: number;
    readonly idleMs: number;
    readonly rounds: number;
    readonly forMs: number;
  };
};

/** What the targets are held against. */
export const FULL: Plan = {
  updates: { rounds: 7 },
  parallel: { rounds: 3, forMs: 4_000 },
  apply: { rounds: 3 },
  calls: { rounds: 5, forMs: 1_500, warmUpMs: 8_000 },
  fleet: { size: 1000, rounds: 3, idleMs: 40_000 },
  growth: { sizes: [10, 100, 1000, 2500], idleMs: 20_000, rounds: 5, gets: 3_000 },
  startUp: { size: 1000, rounds: 5 },
  parked: { size: 10_000, inFlight: 64 },
  watched: { size: 1000, forMs: 600_000 },
  nodes: { size: 3000, idleMs: 20_000, rounds: 5, forMs: 2_000 },
};

/** Enough to see that the bench works, and nothing to rely on. */
export const QUICK: Plan = {
  updates: { rounds: 2 },
  parallel: { rounds: 1, forMs: 1_000 },
  apply: { rounds: 1 },
  calls: { rounds: 2, forMs: 500, warmUpMs: 1_000 },
  fleet: { size: 50, rounds: 2, idleMs: 3_000 },
  growth: { sizes: [10, 50], idleMs: 1_000, rounds: 2, gets: 500 },
  startUp: { size: 50, rounds: 2 },
  parked: { size: 100, inFlight: 16 },
  watched: { size: 20, forMs: 5_000, trustSeconds: 5 },
  nodes: { size: 60, idleMs: 2_000, rounds: 2, forMs: 500 },
};
