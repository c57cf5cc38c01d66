import PQueue from 'p-queue';
import type { Author } from '../../domain/author.js';
import type { Disconnect } from '../../domain/disconnect.js';
import { PrivacyError } from '../../domain/errors.js';
import type { Instance } from '../../domain/instance.js';
import type { Account } from '../account/account.js';
import { budget as budgetOf } from '../account/budget.js';
import { history as historyOf } from '../account/history.js';
import { settingsCache } from '../account/settings-cache.js';
import { throttle } from '../account/throttle.js';
import { timeLeft } from '../account/time-left.js';
import { initialState, viewOf } from '../connecting/connection-state.js';
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

/** Why an instance does not run here any more. */
export type StopReason = 'deleted' | 'shutting down';

/** Why a link is over. */
export type EndOfLink = { readonly author: Author | undefined } | { readonly refused: Disconnect };

/** One instance that runs on this node: its record, its connection, its settings and the queue of its updates. */
export type ManagedInstance = Account & {
  readonly supervisor: Supervisor;
  /** Runs updates and unlinks of this account one after another, in order of arrival. */
  readonly queue: PQueue;
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
  /** Ends the connection and everything it does by itself, for good. What is stored stays. */
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
  const sessions = sessionWait(instance, supervisor);
  const demand = connectionDemand(keeper, supervisor, node);
  const watched = newWatched(
    instance,
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

  const { cache } = account;
  const parts = { keeper, sessions, demand, cache, follower, renewal, watched, presence, forgetAccount };
  const events = connectionEvents(parts, node);
  events.show(initial);
  supervisor.begin({ onConnection: events.changed, onPrivacyPush: follower.pushed });

  return {
    ...account,
    supervisor,
    queue,
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
    async stop(reason) {
      isDeleted ||= reason === 'deleted';
      follower.stop();
      renewal.stop();
      await supervisor.end(reason === 'deleted' ? { state: 'unlinked' } : undefined);
    },
  };
}

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
