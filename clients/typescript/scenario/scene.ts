import type { Connection, Options } from '../src/connect.ts';
import type { Simulator } from './simulator.ts';

/** What the steps share. */
export type Scene = {
  readonly options: Options;
  /** With a token for everything. */
  readonly service: Connection;
  readonly phones: Simulator;
  readonly desk: Linked;
  readonly shop: Linked;
};

/** An instance; `secret` is a token that covers this one and nothing else. */
export type Linked = { readonly instance: string; readonly phoneNumber: string; readonly secret: string };
