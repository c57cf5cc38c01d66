import PQueue from 'p-queue';
import type { ConnectionMode, Presence } from '../../domain/instance.js';
import type { HoldStore, PermitStore, TaskStore } from '../../domain/nodes/shared.js';
import { turns } from '../../domain/time/turns.js';
import { sharedNumberAttempts } from '../account/across-nodes/number-attempts.js';
import type { Iqs } from '../account/budget.js';
import { type LinkAttempts, type LinkLimits, linkAttempts } from '../account/link-attempts.js';
import { type WritesUnderWay, writesUnderWay } from '../account/writes-under-way.js';
import { sharedBreaker } from '../connecting/across-nodes/shared-breaker.js';
import { breaker } from '../connecting/breaker.js';
import { type ClientRefusals, clientRefusals } from '../connecting/client-refusals.js';
import { type Dialer, dialer } from '../connecting/dialer.js';
import { type IdleConnections, idleConnections } from '../connecting/idle-connections.js';
import { type NotedTimes, notedTimes } from '../connecting/noted-times.js';
import { spareTime } from '../connecting/spare-time.js';
import type { ClientVersions } from '../ports/client-version.js';
import type { ChangeLog } from '../ports/history.js';
import type { DeviceReader } from '../ports/imported-device.js';
import type { Membership } from '../ports/membership.js';
import type { InstanceLog, WhatsApp } from '../ports/ports.js';
import type { CredentialStore, InstanceStore } from '../ports/store.js';
import { type WatchHub, watchHub } from '../watching/watch-hub.js';
import { whileHeld } from './while-held.js';

/** Reads of many instances that one node sends to WhatsApp at the same time. */
const READS_AT_ONCE = 32;

/** What a node is made of. */
export type NodeOptions = {
  readonly whatsApp: WhatsApp;
  readonly versions: ClientVersions;
  readonly instances: InstanceStore;
  readonly credentials: CredentialStore;
  readonly changes: ChangeLog;
  readonly log: InstanceLog;
  readonly budget: Iqs;
  /** A snapshot at most this old spares an update a read of its own. */
  readonly sharedReadMs: number;
  readonly links: LinkLimits;
  /** `mode` is that of instances which have none of their own. */
  readonly connections: { readonly mode: ConnectionMode; readonly idleMs: number; readonly mostIdle: number };
  /** `mode` is that of instances which have none of their own. */
  readonly presence: { readonly mode: Presence; readonly pulseEveryMs: number };
  /** No instance is connected before. */
  readonly connectFrom?: Promise<void>;
  /** Of a node among several, which runs what it is told; undefined: it is alone, and runs all instances. */
  readonly membership?: Membership | undefined;
  /** Undefined where one process runs all instances. */
  readonly acrossNodes?: AcrossNodes | undefined;
};

/** What nodes that share a database agree on. */
export type AcrossNodes = {
  readonly holds: HoldStore;
  readonly permits: PermitStore;
  readonly tasks: TaskStore;
  /** Under which phone numbers are told apart that are counted together. */
  readonly numberKey: Buffer;
};

/** What the instances of a node share. */
export type Node = {
  /** Whether an instance that runs here is this node's still. */
  readonly mayAct: (instance: string) => boolean;
  readonly dialer: Dialer;
  readonly linkAttempts: LinkAttempts;
  readonly refusals: ClientRefusals;
  readonly devices: DeviceReader;
  readonly store: InstanceStore;
  readonly credentials: CredentialStore;
  readonly changes: ChangeLog;
  readonly log: InstanceLog;
  /** Requests to WhatsApp that an instance may make; 0 for no limit. */
  readonly perHour: Iqs;
  readonly sharedReadMs: number;
  readonly watch: WatchHub;
  /** Those that decide which instances there are, and what selects them. */
  readonly writes: WritesUnderWay;
  readonly connectTimes: NotedTimes;
  readonly presenceTimes: NotedTimes;
  readonly presence: NodeOptions['presence'];
  /** Of instances whose record has none. */
  readonly connectionMode: ConnectionMode;
  readonly idle: IdleConnections;
  /** Those of many instances in one call. */
  readonly reads: PQueue;
  /** Fulfils when an update may begin: each at a turn of its own, so that calls are answered between them. */
  readonly turn: () => Promise<void>;
  /** Devices taken over, one at a time. */
  readonly imports: PQueue;
  readonly acrossNodes: AcrossNodes | undefined;
};

/** A node on which nothing runs yet. */
export function openNode({
  whatsApp,
  versions,
  instances,
  credentials,
  changes,
  log,
  budget,
  sharedReadMs,
  links,
  connections,
  presence,
  connectFrom,
  membership,
  acrossNodes,
}: NodeOptions): Node {
  const dials = acrossNodes ? sharedBreaker(breaker(), acrossNodes.holds, log) : breaker();
  return {
    mayAct: instance => membership?.mayAct(instance) ?? true,
    dialer: dialer(
      membership ? whileHeld(whatsApp, membership) : whatsApp,
      log,
      dials,
      spareTime(),
      connectFrom,
    ),
    linkAttempts: acrossNodes ? attemptsOfAll(acrossNodes, links, log) : linkAttempts(links),
    refusals: clientRefusals(dials, versions, log),
    devices: whatsApp,
    store: instances,
    credentials,
    changes,
    log,
    perHour: budget,
    sharedReadMs,
    watch: watchHub(),
    writes: writesUnderWay(),
    connectTimes: notedTimes(instances.connected, log),
    presenceTimes: notedTimes(instances.presenceTold, log),
    presence,
    connectionMode: connections.mode,
    idle: idleConnections({ idleMs: connections.idleMs, most: connections.mostIdle }),
    reads: new PQueue({ concurrency: READS_AT_ONCE }),
    turn: turns(),
    imports: new PQueue({ concurrency: 1 }),
    acrossNodes,
  };
}

const attemptsOfAll = (
  { permits, numberKey }: AcrossNodes,
  links: LinkLimits,
  log: Pick<InstanceLog, 'taskFailed'>,
): LinkAttempts =>
  sharedNumberAttempts(linkAttempts(links), {
    perNumber: links.perNumber,
    permits,
    key: numberKey,
    onFailure: cause => log.taskFailed({ task: 'taking back an attempt to link', instance: '', cause }),
  });
