import type { Figure } from './figures/figure.js';
import type { Panel } from './figures/plot.js';
import * as apply from './parts/apply.js';
import * as calls from './parts/calls.js';
import * as connections from './parts/connections.js';
import * as fleet from './parts/fleet.js';
import * as growth from './parts/growth.js';
import * as nodes from './parts/nodes.js';
import * as parallel from './parts/parallel.js';
import { measureParked } from './parts/parked.js';
import * as startUp from './parts/start-up.js';
import * as truth from './parts/truth.js';
import * as updates from './parts/updates.js';
import { measureWatched } from './parts/watched.js';
import type { Plan } from './plan.js';
import type { Cast, Stage } from './stage/stage.js';

/** What can be measured by itself. */
export type Part = {
  readonly cast: (plan: Plan) => Cast;
  readonly measure: (stage: Stage, plan: Plan) => Promise<Measurement>;
};
export type Measurement = {
  readonly figures: readonly Figure[];
  /** What the plot shows. */
  readonly panels?: readonly Panel[];
};

const only = async (figures: Promise<readonly Figure[]>) => ({ figures: await figures });

/** The parts of a whole run, in order. */
export const WHOLE: Readonly<Record<string, Part>> = {
  updates: {
    cast: () => updates.CAST,
    measure: (stage, plan) => only(updates.measureUpdates(stage, plan.updates)),
  },
  parallel: {
    cast: () => parallel.CAST,
    measure: (stage, plan) => only(parallel.measureParallel(stage, plan.parallel)),
  },
  apply: {
    cast: () => apply.CAST,
    measure: (stage, plan) => only(apply.measureApply(stage, plan.apply)),
  },
  calls: {
    cast: () => calls.CAST,
    measure: (stage, plan) => only(calls.measureCalls(stage, plan.calls)),
  },
  connections: {
    cast: () => connections.CAST,
    measure: (stage, plan) => only(connections.measureConnections(stage, plan.calls)),
  },
  fleet: {
    cast: plan => fleet.castOf(plan.fleet),
    measure: (stage, plan) => only(fleet.measureFleet(stage, plan.fleet)),
  },
  growth: {
    cast: plan => growth.castOf(plan.growth),
    measure: (stage, plan) => growth.measureGrowth(stage, plan.growth),
  },
  'start-up': {
    cast: plan => startUp.castOf(plan.startUp),
    measure: (stage, plan) => only(startUp.measureStartUp(stage, plan.startUp)),
  },
  truth: {
    cast: () => truth.CAST,
    measure: stage => only(truth.measureTruth(stage)),
  },
};

/** Parts that a whole run leaves out, for how long they take. */
export const APART: Readonly<Record<string, Part>> = {
  parked: {
    cast: plan => ({ services: [plan.parked.size], peers: 0 }),
    measure: (stage, plan) => only(measureParked(stage, plan.parked)),
  },
  watched: {
    cast: plan => ({ services: [plan.watched.size], peers: 0 }),
    measure: (stage, plan) => only(measureWatched(stage, plan.watched)),
  },
  nodes: {
    cast: plan => nodes.castOf(plan.nodes),
    measure: (stage, plan) => only(nodes.measureNodes(stage, plan.nodes)),
  },
};
