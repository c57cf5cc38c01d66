import type { Due } from '../../domain/time/due.js';
import { wallTime } from '../../domain/time/wall-time.js';
import { nextContact, type Parking, parking } from '../connecting/parking.js';
import type { Supervisor } from '../connecting/supervisor.js';
import type { InstanceRecord } from '../ports/store.js';
import type { Node } from './node.js';
import { neverConnected, type RecordKeeper } from './record-keeper.js';

/** Connects an instance as its connection mode says: all the time, or while somebody needs it. */
export interface ConnectionDemand extends Parking {
  /** Does what the connection mode says from now on. */
  modeChanged(): void;
}

/** The demand for the connection that the supervisor keeps. */
export function connectionDemand(
  keeper: RecordKeeper,
  supervisor: Supervisor,
  node: Pick<Node, 'idle' | 'connectionMode'>,
): ConnectionDemand {
  /** Connects a parked instance. */
  function unpark() {
    if (supervisor.connection.state === 'parked') supervisor.connect();
  }

  const { need, settle } = parking(node.idle, {
    mayPark: () => isOnDemand(keeper.record, node) && supervisor.connection.state === 'connected',
    park: () => supervisor.park(nextContact(wallTime())),
    unpark,
  });
  return {
    need,
    settle,
    modeChanged() {
      settle();
      if (!isOnDemand(keeper.record, node)) unpark();
    },
  };
}

/** Until when a stored instance may stay parked; undefined when it is to be connected at start. */
export function parkedUntil(record: InstanceRecord, node: Pick<Node, 'connectionMode'>): Due | undefined {
  const { lastConnectTime } = record;
  if (!lastConnectTime || neverConnected(record) || !isOnDemand(record, node)) return undefined;
  return nextContact(lastConnectTime);
}

const isOnDemand = ({ connectionMode }: InstanceRecord, node: Pick<Node, 'connectionMode'>): boolean =>
  (connectionMode ?? node.connectionMode) === 'ON_DEMAND';
