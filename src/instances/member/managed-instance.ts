import PQueue from 'p-queue';
import type { Author } from '../../domain/author.js';
import type { Disconnect } from '../../domain/disconnect.js';
import { instanceMoved, PrivacyError } from '../../domain/errors.js';
import type { Instance } from '../../domain/instance.js';
import type { Account } from '../account/account.js';
import { budget as budgetOf } from '../account/budget.js';
import { history as historyOf } from '../account/history.js';
import { queued } from '../account/queue.js';
import { settingsCache } from '../account/settings-cache.js';
import { throttle } from '../account/throttle.js';
import { timeLeft, within } from '../account/time-left.js';
import { type ConnectionState, initialState, viewOf } from '../connecting/connection-state.js';
import { presenceKeeper } from '../connecting/presence-keeper.js';
import { type Supervisor, supervise } from '../connecting/supervisor.js';
import { whyUnavailable } from '../judging/reply-causes.js';
import type { CallOptions } from '../ports/orders.js';
import type { Session } from '../ports/ports.js';
import type { InstanceRecord } from '../ports/store.js';
import { follow } from '../reading/follow.js';
import { renewal as renewalOf } from '../reading/renewal.js';
import { newWatched, type Watched } from '../watching/watched-state.js';
import { type ConnectionDemand, connectionDemand, parkedUntil } from './connection-demand.js';
import { connectionEvents } from './connection-events.js';
import { lastSignOf, withInactivity } from './inactivity.js';
import type { Node } from './node.js';
import { type RecordKeeper, recordKeeper } from './record-keeper.js';
import { BEING_MADE, type SessionWait, sessionWait } from './session-wait.js';

/** How long a call waits for an instance that is reconnecting. */
const WAIT_FOR_SESSION_MS = 10_000;

/** How long the change that has its turn goes on when its instance is given away. */
const LAST_CHANGE_MS = 1_500;

/** Why an instance does not run here any more. */
export type StopReason = 'deleted' | 'given away' | 'shutting down';

/** What becomes of its connection then; with nothing its last state stays on record. */
const STATE_AFTER: Readonly<Record<StopReason, ConnectionState | undefined>> = {
  deleted: { state: 'unlinked' },
  'given away': { state: 'moved' },
  'shutting down': undefined,
};

/** Why a link is over. */
export type EndOfLink = { readonly author: Author | undefined } | { readonly refused: Disconnect };

/** One instance that runs on this node: its record, its connection, its settings and the queue of its updates. */
export type ManagedInstance = Account & {
  readonly supervisor: Supervisor;
  /**
   * Does the work when its turn comes: updates and unlinks of this account run one after another, in order of arrival.
   *
   * @throws PrivacyError DEADLINE_TOO_SHORT; INSTANCE_MOVED when it has moved before anything was sent
   */
  inTurn<T>(call: CallOptions, work: () => Promise<T>): Promise<T>;
  /** Keeps it connected until this is disposed of; connects it when it is parked. */
  readonly need: ConnectionDemand['need'];
  readonly watched: Watched;
  readonly keeper: Pick<RecordKeeper, 'record' | 'written'>;
  /** This service may have changed settings, which those who watch are to be told. */
  readonly settingsChanged: () => void;
  /** The live connection, waiting so long for one; throws as `session` does. */
  sessionWithin(ms: number): Promise<Session>;
  /** Fulfils when no attempt to connect is running. */
  readonly decided: SessionWait['decided'];
  /** Stores a change of a caller's, and does what it says. */
  change(
    author: Author | undefined,
    patchOf: (record: InstanceRecord) => Partial<InstanceRecord>,
  ): Promise<void>;
  /**
   * Leaves the account, whose link is over at WhatsApp, and forgets its credentials.
   *
   * @param why Who unlinked it, or how WhatsApp refused the first login.
   */
  forgetAccount(why: EndOfLink): Promise<void>;
  /** Fulfils when nothing is stored any more of an account that was left. */
  forgotten(): Promise<void>;
  view(): Instance;
  /** Whether it is gone, for those who found it before. */
  isDeleted(): boolean;
  /** Whether another node may run it by now. */
  hasMoved(): boolean;
  /**
   * Ends the connection and everything it does by itself, for good. What is stored stays. Given away, it fulfils when
   * nothing more is written of it here.
   */
  stop(reason: StopReason): Promise<void>;
};

/** Takes an instance into the node's care; connects it when it is linked. */
export function manage(record: InstanceRecord, node: Node): ManagedInstance {
  const instance = record.name;
  const initial = initialState(record, parkedUntil(record, node));
  const keeper = recordKeeper(record, node);
  const supervisor = supervise({
    instance,
    dialer: node.dialer,
    initial,
    proxy: () => keeper.record.proxy,
    mayAsk: () => account.throttle.waitMs() === 0,
    log: node.log,
    explain: disconnect => withInactivity(disconnect, keeper.record),
  });
  const mayAct = () => node.mayAct(instance);
  const sessions = sessionWait(instance, supervisor, mayAct);
  const demand = connectionDemand(keeper, supervisor, node);
  const watched = newWatched(
    record,
    () => {
      const needs = [demand.need(), renewal.watched()];
      return {
        [Symbol.dispose]() {
          for (const need of needs) need[Symbol.dispose]();
        },
      };
    },
    () => keeper.record.labels,
  );
  const account = accountOf(record, watched, supervisor, sessions, node);
  const follower = follow(account, sessions.live, problem =>
    node.watch.unavailable(watched, whyUnavailable(problem)),
  );
  const renewal = renewalOf(account.cache, sessions.live, () => {
    sessions.live()?.forgetTimer();
    follower.pushed();
  });

  let isDeleted = false;
  let isGivenAway = false;
  const hasMoved = () => isGivenAway || !mayAct();
  let forgetting: Promise<void> = Promise.resolve();
  function forgetAccount(why: EndOfLink) {
    forgetting = (async () => {
      await supervisor.rest({ state: 'unlinked', ...('refused' in why && { refused: why.refused }) });
      account.cache.forget();
      await keeper.clear('author' in why ? why.author : undefined);
    })();
    return forgetting;
  }

  const queue = new PQueue({ concurrency: 1 });
  const presence = presenceKeeper(
    {
      presence: () => keeper.record.presence ?? node.presence.mode,
      session: sessions.live,
      since: () => lastSignOf(keeper.record),
      queue,
      need: demand.need,
      told(time) {
        keeper.presenceTold(time);
        node.log.presenceTold({ instance, presence: keeper.record.presence ?? node.presence.mode });
      },
    },
    node.presence.pulseEveryMs,
  );

  async function inTurn<T>(call: CallOptions, work: () => Promise<T>): Promise<T> {
    try {
      return await queued(queue, instance, call, async () => {
        if (hasMoved()) throw instanceMoved(instance);
        return work();
      });
    } catch (error) {
      throw hasMoved() && isUnsent(error) ? instanceMoved(instance) : error;
    }
  }

  /** Lets the change that has its turn end, as long as that is no other node's; those behind it are refused. */
  async function lastChange() {
    isGivenAway = true;
    if (mayAct())
      await within(
        LAST_CHANGE_MS,
        queue.add(() => undefined),
      );
    node.watch.moved(watched);
  }

  async function allWritten() {
    await queue.onIdle();
    await forgetting.catch(() => undefined);
    await Promise.all([keeper.saved(), account.history.written()]);
  }

  const { cache } = account;
  const parts = { keeper, sessions, demand, cache, follower, renewal, watched, presence, forgetAccount };
  const events = connectionEvents(parts, node);
  events.show(initial);
  supervisor.begin({ onConnection: events.changed, onPrivacyPush: follower.pushed });

  return {
    ...account,
    supervisor,
    inTurn,
    need: demand.need,
    watched,
    keeper,
    settingsChanged: follower.changed,
    sessionWithin: sessions.within,
    decided: sessions.decided,
    async change(author, patchOf) {
      const patch = await keeper.change(author, patchOf);
      if ('connectionMode' in patch) demand.modeChanged();
      // In its turn, so that it cuts no update.
      if ('proxy' in patch) void queue.add(supervisor.reroute);
      if ('presence' in patch) presence.settle();
      if ('labels' in patch) node.watch.relabelled(watched);
    },
    forgetAccount,
    forgotten: () => forgetting.catch(() => undefined),
    view: () => viewOf(keeper.record, supervisor.connection),
    isDeleted: () => isDeleted,
    hasMoved,
    async stop(reason) {
      isDeleted ||= reason === 'deleted';
      if (reason === 'given away') await lastChange();
      follower.stop();
      renewal.stop();
      await supervisor.end(STATE_AFTER[reason]);
      if (reason === 'given away') await allWritten();
    },
  };
}

/** Whether a change ended because it had no connection, before any stanza of it left. */
const isUnsent = (error: unknown): boolean =>
  error instanceof PrivacyError && error.problem.kind === 'INSTANCE_NOT_CONNECTED' && !error.update?.sent;

/** The account behind an instance; what reads of it show goes to its history and to those who watch it. */
function accountOf(
  record: InstanceRecord,
  watched: Watched,
  supervisor: Supervisor,
  sessions: SessionWait,
  { changes, log, perHour, sharedReadMs, watch }: Node,
): Account {
  const { instance } = watched;
  const history = historyOf(record, changes, log);
  const budget = budgetOf(instance, perHour);
  return {
    instance,
    cache: settingsCache((before, after, read) => {
      const origins = history.observed(before, after, read);
      if (sessions.live()) watch.observed(watched, after, origins);
    }),
    history,
    throttle: throttle(),
    budget,
    sharedReadMs,
    spend(kind, count = 1) {
      const overdrawn = budget.take({ [kind]: count });
      if (overdrawn) throw new PrivacyError(overdrawn);
    },
    live: sessions.live,
    session: call =>
      sessions.within(patience(call), undefined, call.waitsForDial ? timeLeft(call) : undefined),
    redial: () => supervisor.hurry('first'),
    sessionAtOnce(call) {
      supervisor.hurry('any');
      return sessions.within(patience(call), BEING_MADE);
    },
  };
}

const patience = (call: CallOptions): number => Math.min(timeLeft(call), WAIT_FOR_SESSION_MS);
