import type { BinaryNode } from '../wire/stanza.js';
import type { Account, Delivery, Device, World } from '../world/world.js';

/** An IQ of a logged-in device. */
export type DeviceIq = {
  readonly world: World;
  readonly account: Account;
  readonly device: Device;
  readonly iq: BinaryNode;
  readonly delivery: Delivery;
};

/** How the server means to answer an IQ, before any fault. */
export type IqPlan = {
  /** Makes the change, if there is one. */
  readonly apply?: () => void;
  readonly reply: () => BinaryNode;
  /** What follows the reply to an IQ that took effect. */
  readonly after?: () => void;
};
