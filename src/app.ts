import { hostname } from 'node:os';
import { bootstrapToken } from './access/bootstrap-token.js';
import type { TokenEvent } from './access/ports.js';
import { isOpenToAll, makeDataFolder } from './access/secret-file.js';
import { tokens as openTokens } from './access/tokens.js';
import { singleNode } from './cluster/nodes.js';
import type { Config } from './config/config.js';
import { shownProxy } from './domain/proxy.js';
import { clock } from './domain/time/clock.js';
import { wallTime } from './domain/time/wall-time.js';
import { grpcServer } from './grpc/server/server.js';
import { startHousekeeping } from './housekeeping.js';
import { within } from './instances/account/time-left.js';
import { bounded } from './instances/bounded.js';
import type { NewChange } from './instances/ports/history.js';
import { openRegistry } from './instances/registry.js';
import { LIMITS } from './limits.js';
import type { Events } from './observability/events.js';
import { addressText, openNode } from './open-node.js';
import { openStore } from './open-store.js';
import { version } from './package-json.js';
import type { Store } from './stores/store.js';
import { watchCertificates } from './tls/certificate-watch.js';
import { whatsApp } from './whatsapp/index.js';
import { openVersions } from './whatsapp/version/client-versions.js';

/** Calls under way may take this long when the service stops. */
const GRACE_MS = 5_000;
/** Then WhatsApp has this long to close its connections, and whatever time the calls have left over. */
const CLOSING_MS = 400;
/** By then is stored what will be: a disk that hangs is waited for no longer. */
const STORED_MS = GRACE_MS + 800;
/** The end of everything, whatever hangs. */
export const STOPPED_MS = GRACE_MS + 1_000;

/** The running service. */
export type App = {
  readonly host: string;
  readonly port: number;
  /** Reads the files of the certificates now, and says in the log what came of it; without TLS does nothing. */
  reloadCertificates(): Promise<void>;
  /** Ends the calls, then the connections to WhatsApp, then the store. */
  stop(): Promise<void>;
};

/** Makes every part of the service, joins them and serves. Throws with a text for the operator. */
export async function createApp(config: Config, events: Events): Promise<App> {
  const { dataDir, whatsapp } = config;
  makeDataFolder(dataDir);
  if (isOpenToAll(dataDir)) events.dataFolderOpen(dataDir);
  const store = await openStore(config, events);

  // When the store is ours: a service that finds another at work leaves no token that nobody knows.
  const first = await orClose(store, () =>
    bootstrapToken({ configured: config.accountToken?.reveal(), folder: dataDir }),
  );
  if (first.writtenTo) events.accountTokenGenerated(first.writtenTo);
  const tokens = openTokens({
    store: store.tokens,
    key: store.deriveKey('tokens'),
    isShared: store.isShared,
    recording: event => store.changes.appending([tokenEntry(event)]),
  });
  await tokens.ensureFirst(first.secret);
  store.shared?.newsroom.onNews(tokens.heard);

  const { configured, fetching, url: versionUrl, proxy: versionProxy } = config.version;
  const proxy = whatsapp.proxy?.reveal();
  if (proxy) events.proxyUsed({ proxy: shownProxy(proxy) });
  const versions = await openVersions({
    configured,
    fetching,
    fetchLive: async () => {
      const { fetchRevision } = await import('./whatsapp/network/fetch-revision.js');
      return fetchRevision(versionUrl, versionProxy?.reveal());
    },
    store: store.versions,
    log: events,
  });
  const node = openNode(config, store, events);
  // What a connection needs takes long to load, and calls would wait for it.
  const serving = Promise.withResolvers<void>();
  const registry = await openRegistry({
    whatsApp: whatsApp({
      ...whatsapp,
      proxy,
      versions,
      credentials: store.credentials,
      log: events,
      pushTrustMs: config.pushTrustMs,
    }),
    versions,
    instances: store.instances,
    credentials: store.credentials,
    changes: store.changes,
    log: events,
    budget: config.budget,
    sharedReadMs: config.sharedReadMs,
    links: config.links,
    connections: config.connections,
    presence: config.presence,
    connectFrom: serving.promise,
    membership: node?.membership,
    acrossNodes: store.shared && { ...store.shared, numberKey: store.deriveKey('phone numbers') },
  });
  const served = config.tls && {
    cert: config.tls.cert,
    key: config.tls.key.reveal(),
    clientCa: config.tls.clientCa,
  };
  const server = grpcServer({
    instances: bounded(registry, LIMITS.instance),
    tokens,
    requestLog: store.requests,
    applyLog: store.applies,
    permits: store.shared?.permits,
    pageTokenKey: store.deriveKey('page tokens'),
    versions,
    version,
    historyMs: config.historyMs,
    refusals: registry.refusals,
    backUp: store.backUp,
    nodes:
      node?.nodes ??
      singleNode(
        { name: hostname(), version, startTime: wallTime() },
        () => registry.select({ names: [], selector: [] }).length,
      ),
    readiness: node?.readiness,
    cluster: node?.forServer(registry),
    events,
    limits: {
      callsPerMinute: config.rateLimitPerMinute,
      ...LIMITS.token,
      ...LIMITS.peer,
      ...LIMITS.connection,
      ...LIMITS.node,
    },
    trustedProxies: config.trustedProxies,
    tls: served,
    reflection: config.reflection,
  });

  const certificates =
    config.tls &&
    served &&
    watchCertificates({ files: config.tls.files, served, serve: server.showCertificates, log: events });
  const housekeeping = startHousekeeping({ tokens, store, historyMs: config.historyMs, events });

  async function stop() {
    serving.resolve(); // Also where it never came to that.
    certificates?.stop();
    const begun = clock();
    const left = (ms: number) => begun + ms - clock();
    /** What cannot be ended, or does not end, does not keep the rest from it. */
    const end = (task: string, ending: Promise<void>) =>
      within(
        left(STORED_MS),
        ending.then(() => true),
      ).then(
        isEnded => isEnded ?? events.taskFailed({ task, cause: new Error('It has not ended in its time') }),
        (cause: unknown) => events.taskFailed({ task, cause }),
      );

    await Promise.all([server.drain(GRACE_MS), node && end('handing over to other nodes', node.drain())]);
    await end('housekeeping', housekeeping.stop());
    const closingMs = Math.max(left(GRACE_MS + CLOSING_MS), CLOSING_MS);
    await end('closing the connections to WhatsApp', registry.stop(closingMs));
    if (node) await end('leaving the other nodes', node.stop());
    await end('storing the versions', versions.stop());
    await end('storing the tokens', tokens.flush());
    await end('closing the store', store.close());
  }
  try {
    await node?.join(registry, server);
    const address = await server.listen(addressText(config.listen));
    serving.resolve();
    return { ...address, reloadCertificates: async () => certificates?.reload(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the history tells of a token. */
const tokenEntry = ({ kind, token, author, time }: TokenEvent): NewChange => ({
  kind,
  instance: token.instance ?? '',
  instanceUid: undefined,
  time,
  ...author,
  origin: 'THIS_SERVICE',
  change: undefined,
  tokenId: token.id,
});

async function orClose<Result>(store: Store, work: () => Result): Promise<Result> {
  try {
    return work();
  } catch (error) {
    await store.close();
    throw error;
  }
}
