import PQueue from 'p-queue';
import { PrivacyError } from '../domain/errors.js';
import type { ConnectionMode, Instance } from '../domain/instance.js';
import type { Account } from './account/account.js';
import { budget as budgetOf, COST, type Iqs } from './account/budget.js';
import { history } from './account/history.js';
import type { CallOptions } from './account/orders.js';
import type {
  ChangeLog,
  CredentialStore,
  InstanceLog,
  InstanceRecord,
  InstanceStore,
  LinkRecord,
  Session,
} from './account/ports.js';
import { settingsCache } from './account/settings-cache.js';
import { throttle } from './account/throttle.js';
import { timeLeft } from './account/time-left.js';
import type { ConnectTimes } from './connecting/connect-times.js';
import {
  type ConnectionState,
  initialState,
  notUsable,
  storedOf,
  viewOf,
} from './connecting/connection-state.js';
import type { Dialer } from './connecting/dialer.js';
import type { IdleConnections } from './connecting/idle-connections.js';
import { nextContact, type Parking, parking } from './connecting/parking.js';
import { type Supervisor, supervise } from './connecting/supervisor.js';
import { whyUnavailable } from './judging/reply-causes.js';
import { follow } from './reading/follow.js';
import type { WatchHub } from './watching/watch-hub.js';

/** How long a call waits for an instance that is reconnecting. */
const WAIT_FOR_SESSION_MS = 10_000;

/** One instance of this node: its record, its connection, its settings and the turn of its updates. */
export type ManagedInstance = Account & {
  readonly supervisor: Supervisor;
  /** Runs updates and unlinks of this account one after another, in order of arrival. */
  readonly queue: PQueue;
  /** Keeps it connected until this is disposed of; connects it when it is parked. */
  readonly need: Parking['need'];
  /** The live connection, waiting so long for one; throws as `session` does. */
  sessionWithin(ms: number): Promise<Session>;
  record(): InstanceRecord;
  /** Stores a change of the record. */
  change(patch: Partial<InstanceRecord>): Promise<void>;
  /** The store holds this of the record now. */
  stored(written: LinkRecord): void;
  /** Leaves the account, whose link is over at WhatsApp, and forgets its credentials. */
  forgetAccount(): Promise<void>;
  view(): Instance;
};

/** What the instances of a node share. */
export type Surroundings = {
  readonly dialer: Dialer;
  readonly store: InstanceStore;
  readonly credentials: CredentialStore;
  readonly changes: ChangeLog;
  readonly log: InstanceLog;
  /** Requests to WhatsApp that an instance may make; 0 for no limit. */
  readonly perHour: Iqs;
  readonly watch: WatchHub;
  readonly connectTimes: ConnectTimes;
  /** Of instances whose record has none. */
  readonly connectionMode: ConnectionMode;
  readonly idle: IdleConnections;
};

/** Takes an instance into the node's care; connects it when it is linked. */
export function manage(initial: InstanceRecord, surroundings: Surroundings): ManagedInstance {
  const { dialer, credentials, changes, log, perHour, watch, idle } = surroundings;
  const instance = initial.name;
  const past = history(instance, changes, log);
  const cache = settingsCache((before, after, read) => {
    const origins = past.observed(before, after, read);
    if (liveSession()) watch.observed(instance, after, origins);
  });
  const budget = budgetOf(instance, perHour);
  const queue = new PQueue({ concurrency: 1 });
  const waiting = new Set<() => void>();
  let record = initial;
  let saving: Promise<void> = Promise.resolve();

  function change(patch: Partial<InstanceRecord>): Promise<void> {
    record = { ...record, ...patch };
    if ('connectionMode' in patch) settle();
    const saved = saving.then(() => surroundings.store.update(instance, patch));
    saving = saved.catch(cause => log.taskFailed({ task: 'storing the instance', instance, cause }));
    return saved;
  }

  async function forgetAccount() {
    await supervisor.rest({ state: 'unlinked' });
    cache.forget();
    await saving;
    stored(await credentials.clear(instance));
  }

  function stored(written: LinkRecord) {
    record = { ...record, ...written };
  }

  function onConnection(connection: ConnectionState) {
    // The service, or WhatsApp, went before the phone was answered, so WhatsApp does not know this link.
    if (connection.state === 'logged_out' && neverConnected(record)) {
      forgetAccount().catch(cause => log.taskFailed({ task: 'forgetting a link', instance, cause }));
      return;
    }
    const { state, stateReason: reason } = viewOf(record, connection);
    log.instanceStateChanged({ instance, state, reason });
    if (connection.state === 'connected' && record.status === 'linked' && !neverConnected(record))
      reconnected();
    else store(connection);
    for (const wake of waiting) wake();
    demand.settle();
    show(connection);
  }

  /** Of a record that says all but when. */
  function reconnected() {
    const lastConnectTime = new Date();
    record = { ...record, lastConnectTime };
    surroundings.connectTimes.note(instance, lastConnectTime);
  }

  function store(connection: ConnectionState) {
    const patch = storedOf(connection);
    if (!patch) return;
    const connected = connection.state === 'connected' && { lastConnectTime: new Date() };
    change({ ...patch, ...connected }).catch(() => undefined); // Logged by `change`.
  }

  /** Lets those who watch know what becomes of the instance. */
  function show(connection: ConnectionState) {
    if (connection.state === 'connected') {
      follower.connected();
      return;
    }
    cache.disconnected();
    watch.unavailable(instance, whyUnavailable(notUsable(instance, connection).problem));
  }

  const isOnDemand = () => (record.connectionMode ?? surroundings.connectionMode) === 'ON_DEMAND';

  /** Connects a parked instance. */
  function unpark() {
    if (supervisor.connection.state === 'parked') supervisor.connect();
  }

  /** Does what the connection mode says from now on. */
  function settle() {
    demand.settle();
    if (!isOnDemand()) unpark();
  }

  async function sessionWithin(ms: number, coming = COMING): Promise<Session> {
    const until = Date.now() + ms;
    for (;;) {
      const { connection } = supervisor;
      if (connection.state === 'connected') return connection.session;
      const next = connection.state === 'backing_off' ? connection.until.getTime() : Date.now();
      if (!coming.has(connection.state) || Date.now() >= until || next >= until)
        throw notUsable(instance, connection);
      await nextChange(until - Date.now());
    }
  }

  /** Resolves at the next change of state, or after the time. */
  const nextChange = (ms: number) =>
    new Promise<void>(resolve => {
      const timer = setTimeout(wake, ms);
      waiting.add(wake);
      function wake() {
        clearTimeout(timer);
        waiting.delete(wake);
        resolve();
      }
    });

  const account: Account = {
    instance,
    cache,
    history: past,
    throttle: throttle(),
    budget,
    spend(kind) {
      const overdrawn = budget.take(COST[kind]);
      if (overdrawn) throw new PrivacyError(overdrawn);
    },
    session: call => sessionWithin(patience(call)),
    redial: () => supervisor.hurry('first'),
    sessionAtOnce(call) {
      supervisor.hurry('any');
      return sessionWithin(patience(call), BEING_MADE);
    },
  };

  const liveSession = () =>
    supervisor.connection.state === 'connected' ? supervisor.connection.session : undefined;
  const follower = follow(account, liveSession, problem =>
    watch.unavailable(instance, whyUnavailable(problem)),
  );
  const demand = parking(idle, {
    mayPark: () => isOnDemand() && supervisor.connection.state === 'connected',
    park: () => supervisor.park(nextContact(new Date())),
    unpark,
  });
  const { lastConnectTime } = initial;
  const mayStayParked = isOnDemand() && !neverConnected(initial) && lastConnectTime;
  const supervisor = supervise({
    instance,
    dialer,
    initial: initialState(initial, mayStayParked ? nextContact(lastConnectTime) : undefined),
    onConnection,
    onPrivacyPush: follower.pushed,
  });
  watch.added(instance, demand.need);
  show(supervisor.connection);

  return {
    ...account,
    queue,
    supervisor,
    need: demand.need,
    sessionWithin,
    record: () => record,
    change,
    stored,
    forgetAccount,
    view: () => viewOf(record, supervisor.connection),
  };
}

const patience = (call: CallOptions): number => Math.min(timeLeft(call), WAIT_FOR_SESSION_MS);

const COMING: ReadonlySet<ConnectionState['state']> = new Set(['connecting', 'backing_off']);
const BEING_MADE: ReadonlySet<ConnectionState['state']> = new Set(['connecting']);

/** Whether no login with the present link has succeeded. */
const neverConnected = ({ linkTime, lastConnectTime }: InstanceRecord): boolean =>
  linkTime !== undefined && (lastConnectTime === undefined || lastConnectTime < linkTime);
