import type { Instance } from '../domain/instance.js';
import type { HoldStore, PermitStore, TaskStore } from '../domain/nodes/shared.js';
import type { Membership } from '../instances/ports/membership.js';
import type { InstanceRecord } from '../instances/ports/store.js';

/** One process of the service, as it says of itself. */
export type NodeDescription = {
  /** Another one at every start: a process that was taken for dead comes back as somebody else. */
  readonly id: string;
  /** What its operator calls it; two may be called the same. */
  readonly name: string;
  /** Where other nodes reach it, `host:port`. */
  readonly address: string;
  /** Of this service. */
  readonly version: string;
  /** It runs no more instances than these; undefined: as many as there are. */
  readonly mostInstances: number | undefined;
};

/** A node that the others count on. */
export type KnownNode = NodeDescription & {
  readonly startTime: Date;
  /** It gives its instances away and takes no more. */
  readonly isDraining: boolean;
  /** Milliseconds by the clock of the database until it counts as dead, unless it is heard of. */
  readonly leftMs: number;
};

/** Which node runs an instance. */
export type Lease = {
  readonly instance: string;
  /** Its id; undefined while nobody does. */
  readonly node: string | undefined;
  /** Grows whenever an instance gets another holder. A write that carries an older one is refused. */
  readonly epoch: number;
};

/**
 * Who takes part, and who runs what, in the database that all share. A node lives on while it is heard of within its time
 * to live, by the clock of the database; that of a node is its own affair. What a node holds it loses with its life, so
 * nothing has to be written per instance to keep it.
 */
export interface LeaseStore {
  /** Takes part with nothing, and under this id from now on. */
  join(node: NodeDescription, ttlMs: number): Promise<void>;
  /** Lives on; false when it was taken for dead, and holds nothing any more. */
  renew(ttlMs: number): Promise<boolean>;
  /** Buries nodes that were not heard of in time: what they held is free. How many they were. */
  buryDead(): Promise<number>;
  /** Takes instances that are free, at most so many and those first that were free the longest. */
  claim(most: number): Promise<readonly Lease[]>;
  /** Takes this one if it is free; undefined when it is not, or not there. */
  claimOne(instance: string): Promise<Lease | undefined>;
  /** Gives these away, when nothing of them is under way here any more. */
  release(instances: readonly string[]): Promise<void>;
  /** Takes part no more, and gives everything away. */
  leave(): Promise<void>;
  /** A node is to give away what it has, or no longer; false when there is no such node. */
  setDraining(node: string, isDraining: boolean): Promise<boolean>;
  nodes(): Promise<readonly KnownNode[]>;
  /** Of every instance there is. */
  leases(): Promise<readonly Lease[]>;
  /** Of those behind this one in the order of names, at most so many. */
  leasesAfter(instance: string, most: number): Promise<readonly Lease[]>;
  /** How many instances each node has, by its id; under undefined those that nobody has. */
  loads(): Promise<ReadonlyMap<string | undefined, number>>;
  /** Of this one, from the database; undefined when there is no such instance. */
  leaseOf(instance: string): Promise<Lease | undefined>;
  /**
   * Of the instances that this process holds as far as it knows, those that it made included; by their names. Their writes
   * carry these epochs.
   */
  held(): ReadonlyMap<string, number>;
}

/** What one process tells the others through the database, as it happens and no more than once. */
export type News =
  /** Entries were added to the history. */
  | { readonly about: 'history' }
  /** An instance was made, changed or removed. */
  | { readonly about: 'instance'; readonly name: string }
  /** A token was changed or ended. */
  | { readonly about: 'token'; readonly id: string }
  /** A node came, went or is draining. */
  | { readonly about: 'nodes' }
  /** Instances have another holder, or none. */
  | { readonly about: 'leases' }
  /** What WhatsApp has against the dials of all nodes. */
  | { readonly about: 'holds' }
  /** What is known of versions of WhatsApp Web. */
  | { readonly about: 'versions' }
  /** Some may have been missed, as the connection was lost for a while: look at everything again. */
  | { readonly about: 'anything' };

/** The news, of this process too, after the commit that they tell of. */
export interface Newsroom {
  /** Calls the listener until it is disposed of. */
  onNews(listener: (news: News) => void): Disposable;
}

/**
 * What a call that was passed on has begun, written by the node that runs the instance before its first stanza leaves. Of
 * beginning and forbidding only the first comes about, so that one who forbids knows whether anything was sent.
 */
export interface HopLog {
  /** Writes it down; INSTANCE_MOVED when this node does not hold the instance under this epoch, or it was forbidden. */
  begin(hop: { readonly id: string; readonly instance: string; readonly epoch: number }): Promise<void>;
  /** Sees to it that it never begins; false when it has, or it was asked for before. */
  forbid(id: string): Promise<boolean>;
  /** Forgets those of more than an hour ago, at most `limit`; how many they were. */
  prune(limit: number): Promise<number>;
}

/** What several nodes share besides the data. */
export type SharedStore = {
  readonly leases: LeaseStore;
  readonly newsroom: Newsroom;
  readonly hops: HopLog;
  readonly permits: PermitStore;
  readonly tasks: TaskStore;
  readonly holds: HoldStore;
};

/** Where an instance runs. */
export type Holder =
  | { readonly kind: 'here'; readonly epoch: number }
  | { readonly kind: 'elsewhere'; readonly node: NodeAddress; readonly epoch: number }
  /** It is free, or its node is lost and not buried yet. */
  | { readonly kind: 'nobody' };

/** Where a node is reached. */
export type NodeAddress = Pick<NodeDescription, 'id' | 'name' | 'address'>;

/** Which node a call about an instance belongs to. */
export interface Routing {
  /** As far as is known here, at once; `nobody` too of what does not exist. */
  holderOf(instance: string): Holder;
  /**
   * The same once the database was asked, for whom `holderOf` has led astray. Waits while it is nobody, and has it taken
   * here where that is due; still `nobody` when the signal aborts.
   */
  settledHolderOf(instance: string, signal: AbortSignal): Promise<Holder>;
  /** The other nodes, those that are draining included. */
  others(): readonly NodeAddress[];
  /** Calls back when instances may have other holders, until it is disposed of. */
  onChange(listener: () => void): Disposable;
}

/** What a node among several is told of its part, and tells of it. */
export interface NodeInstances {
  /** Runs these from now on; those that run here already go on. */
  begin(records: readonly InstanceRecord[]): void;
  /** Ends their connections, and fulfils when nothing more of them is sent or written here. */
  giveUp(names: readonly string[]): Promise<void>;
  /** What is stored of instances that others run, and which are gone; of those that run here, nothing. */
  know(records: readonly InstanceRecord[], gone: readonly string[]): void;
  /** Those that run here. */
  running(): readonly Pick<Instance, 'name' | 'state'>[];
  /** The names of all that are known, wherever they run. */
  select(all: { readonly names: readonly []; readonly selector: readonly [] }): readonly string[];
}

/** What a node tells its operator. */
export interface ClusterLog {
  nodeStanding(node: { readonly id: string; readonly standing: Standing }): void;
  /** Instances that it runs from now on, or no longer. */
  instancesMoved(move: { readonly count: number; readonly how: 'taken' | 'given away' | 'lost' }): void;
  /** Something of our own failed; the service goes on. */
  taskFailed(failure: { readonly task: string; readonly cause: unknown }): void;
}

/** How a node stands with the others. */
export type Standing =
  /** It has not begun, or was taken for dead, and runs nothing. */
  'apart' | 'taking_part' | 'draining';

/** This process as one of several nodes. */
export type Cluster = {
  /** Its id is another one after it was taken for dead. */
  self(): Pick<NodeDescription, 'id' | 'name'>;
  /** Ready while it takes part. */
  readonly readiness: Readiness;
  readonly routing: Routing;
  readonly membership: Membership;
  /** Takes part from now on, reached at this address, and has its share of the instances run here. */
  start(instances: NodeInstances, address: string): Promise<void>;
  /** Gives everything away, as others can take it, and takes no more. */
  drain(): Promise<void>;
  /** Takes part no more. What it still has is free from then on, so that it must not run here any longer. */
  stop(): Promise<void>;
};

/** A node as operators see it. */
export type NodeStatus = Omit<KnownNode, 'leftMs'> & {
  /** Undefined for a process that has its data alone: nobody counts it as dead. */
  readonly leftMs: number | undefined;
  /** How many instances it runs. */
  readonly instances: number;
};

/** What operators see of the nodes, and tell them. */
export interface Nodes {
  /** This one; with an empty id and name where it has its data alone. */
  self(): Pick<NodeDescription, 'id' | 'name'>;
  /** As far as is known here, itself included. */
  count(): number;
  /** All, and how many instances nobody runs. */
  list(): Promise<{ readonly nodes: readonly NodeStatus[]; readonly freeInstances: number }>;
  /** Who runs the instances behind this one in the order of names, at most so many; SINGLE_NODE. */
  leasesAfter(instance: string, most: number): Promise<readonly Lease[]>;
  /** Lets a node drain, or no longer, and tells how it is then; NODE_NOT_FOUND, SINGLE_NODE. */
  setDraining(id: string, isDraining: boolean): Promise<NodeStatus>;
}

/** Whether load balancers are to send calls here. Calls are answered also where they are not. */
export interface Readiness {
  isReady(): boolean;
  /** Calls back whenever that has changed. */
  onChange(listener: () => void): void;
}
