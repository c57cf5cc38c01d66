export type { AppliedSet, NewAccount } from './accounts.js';
export type { Behaviour } from './behaviour.js';
export { type Control, startControl } from './control.js';
export type { Effect, Fault, FaultMatch, InjectedFault, Lie, Moment } from './faults.js';
export type { LinkAttempt, LinkFailure } from './link.js';
export type { Phone } from './phone.js';
export { type Simulator, type SimulatorOptions, startSimulator } from './simulator.js';
export type { LoggedStanza, StanzaQuery } from './stanza-log.js';
