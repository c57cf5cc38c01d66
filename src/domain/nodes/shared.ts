import type { Disconnect, NodeHold } from '../disconnect.js';

/** What was got of the permits of a window. */
export type Permits = {
  readonly taken: number;
  /** For whoever asks next. */
  readonly left: number;
  /** Names the window under its key. */
  readonly window: number;
  /** Milliseconds until it ends, by the clock of the database. */
  readonly endsInMs: number;
};

/** What all nodes together may do, in windows of the database's clock: that of a node may be set. */
export interface PermitStore {
  /** Takes up to so many of those that are left under this key in the window of now, of `limit` in all. */
  take(key: string, windowMs: number, wanted: number, limit: number): Promise<Permits>;
  /** Puts back what was taken in a window and came to nothing. */
  giveBack(key: string, window: number, count: number): Promise<void>;
  /** Forgets windows that have passed, at most `limit`; how many they were. */
  prune(limit: number): Promise<number>;
}

/** What one node at a time does. What a node is at that dies is free again when it is buried. */
export interface TaskStore {
  /** Takes it on, unless another node is at it, or it is not due yet. Within one node nobody asks twice. */
  begin(name: string): Promise<boolean>;
  /** It is done, and due again in so many milliseconds. */
  end(name: string, againInMs: number): Promise<void>;
}

/** Something that WhatsApp has against the dials of all nodes. */
export type SharedHold = {
  readonly kind: NodeHold;
  readonly cause: Disconnect;
  /** Milliseconds by the clock of the database until one may dial; less than none when that is over. */
  readonly leftMs: number;
  /** How many of its kind came one after another. */
  readonly count: number;
};

/** What holds the dials of all nodes. */
export interface HoldStore {
  load(): Promise<readonly SharedHold[]>;
  /** Writes it down, unless one of its kind lasts still. */
  save(hold: SharedHold): Promise<void>;
  /** Whether this node is the one that tries, of all; then nobody else does for so long. */
  probe(everyMs: number): Promise<boolean>;
  /** One node may try at once whether this client is accepted. */
  probeSoon(): Promise<void>;
  /** WhatsApp accepts this client. */
  accepted(): Promise<void>;
  /** Calls back when it may be another, until it is disposed of. */
  onChange(listener: () => void): Disposable;
}
