import type { Disconnect } from '../../domain/disconnect.js';
import type { SettingsCache } from '../account/settings-cache.js';
import { type ConnectionState, notUsable, viewOf } from '../connecting/connection-state.js';
import type { PresenceKeeper } from '../connecting/presence-keeper.js';
import { whyUnavailable } from '../judging/reply-causes.js';
import type { Follower } from '../reading/follow.js';
import type { Renewal } from '../reading/renewal.js';
import type { Watched } from '../watching/watched-state.js';
import type { ConnectionDemand } from './connection-demand.js';
import type { Node } from './node.js';
import { neverConnected, type RecordKeeper } from './record-keeper.js';
import type { SessionWait } from './session-wait.js';

/** The parts of an instance that a change of its connection concerns. */
type Concerned = {
  readonly keeper: RecordKeeper;
  readonly sessions: SessionWait;
  readonly demand: ConnectionDemand;
  readonly cache: SettingsCache;
  readonly follower: Follower;
  readonly renewal: Renewal;
  readonly watched: Watched;
  readonly presence: PresenceKeeper;
  readonly forgetAccount: (why: { readonly refused: Disconnect }) => Promise<void>;
};

/** What follows, in this order, when the connection of an instance is in another state. */
export function connectionEvents(
  { keeper, sessions, demand, cache, follower, renewal, watched, presence, forgetAccount }: Concerned,
  { log, watch }: Pick<Node, 'log' | 'watch'>,
) {
  const { instance } = watched;

  /** Lets those who watch know what becomes of the instance. */
  function show(connection: ConnectionState) {
    if (connection.state === 'connected') {
      watch.connected(watched);
      follower.connected();
      connection.session.offlineQueue.onChange(renewal.changed);
      renewal.changed();
      return;
    }
    cache.disconnected();
    watch.unavailable(watched, whyUnavailable(notUsable(instance, connection).problem));
  }

  function changed(connection: ConnectionState) {
    // The service, or WhatsApp, went before the phone was answered, so WhatsApp does not know this link.
    if (connection.state === 'logged_out' && neverConnected(keeper.record)) {
      const { code, reason: text } = connection;
      forgetAccount({ refused: { code, text } }).catch(cause =>
        log.taskFailed({ task: 'forgetting a link', instance, cause }),
      );
      return;
    }
    const { state, stateReason: reason } = viewOf(keeper.record, connection);
    if (connection.state !== 'moved') log.instanceStateChanged({ instance, state, reason });
    keeper.entered(connection);
    sessions.changed();
    demand.settle();
    presence.settle();
    show(connection);
  }

  return { show, changed };
}
