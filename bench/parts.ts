import type { Figure } from './figures/figure.js';
import { measureCalls } from './parts/calls.js';
import type { Comparison } from './parts/fleet.js';
import { measureFleets } from './parts/fleets.js';
import { measureParked } from './parts/parked.js';
import { measureStartUp } from './parts/start-up.js';
import { measureUpdates } from './parts/updates.js';
import { measureWatched } from './parts/watched.js';
import type { Plan } from './plan.js';
import type { Stage } from './stage/stage.js';

/** What can be measured by itself. */
export type Part = {
  /** The services that it needs, by how many instances they have. */
  readonly sizes: (plan: Plan) => readonly number[];
  readonly measure: (stage: Stage, plan: Plan) => Promise<Measurement>;
};
export type Measurement = {
  readonly figures: readonly Figure[];
  /** What the plot is drawn from. */
  readonly comparisons?: readonly Comparison[];
};

/** Of a fleet as small as is measured. */
const smallest = ({ fleets: [fleet] }: Plan): number => fleet?.size ?? 0;
const only = async (figures: Promise<readonly Figure[]>) => ({ figures: await figures });

/** The parts of a whole run, in order. */
export const WHOLE: Readonly<Record<string, Part>> = {
  updates: {
    sizes: plan => [smallest(plan)],
    measure: (stage, plan) => only(measureUpdates(stage, smallest(plan), plan.updates.rounds)),
  },
  calls: {
    sizes: plan => [smallest(plan)],
    measure: (stage, plan) => only(measureCalls(stage, smallest(plan), plan.calls)),
  },
  fleets: {
    sizes: plan => [0, ...plan.fleets.map(({ size }) => size)],
    measure: measureFleets,
  },
  'start-up': {
    sizes: plan => [smallest(plan)],
    measure: (stage, plan) => only(measureStartUp(stage, smallest(plan), plan.startUp.rounds)),
  },
};

/** Parts that a whole run leaves out, for how long they take. */
export const APART: Readonly<Record<string, Part>> = {
  parked: {
    sizes: plan => [plan.parked.size],
    measure: (stage, plan) => only(measureParked(stage, plan.parked)),
  },
  watched: {
    sizes: plan => [plan.watched.size],
    measure: (stage, plan) => only(measureWatched(stage, plan.watched)),
  },
};
