export { type Control, startControl } from './control/control.js';
export type { Phone } from './phone/phone.js';
export { type Simulator, type SimulatorOptions, startSimulator } from './serving/simulator.js';
export type { NewAccount } from './world/accounts.js';
export type { Behaviour } from './world/behaviour.js';
export type { Effect, Fault, FaultMatch, InjectedFault, Lie } from './world/faults.js';
export type { PrivacyEvent } from './world/journal.js';
export type { SessionRecord } from './world/session-log.js';
export type { LoggedStanza } from './world/stanza-log.js';
