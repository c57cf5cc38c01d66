export type { NewAccount } from './accounts.js';
export type { Behaviour } from './behaviour.js';
export { type Control, startControl } from './control.js';
export type { Effect, Fault, FaultMatch, InjectedFault, Lie } from './faults.js';
export type { PrivacyEvent } from './journal.js';
export type { Phone } from './phone.js';
export { type Simulator, type SimulatorOptions, startSimulator } from './simulator.js';
