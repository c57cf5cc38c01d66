import { type ChannelOptions, Client, connectivityState, credentials } from '@grpc/grpc-js';
import type { NodeAddress } from '../../cluster/ports.js';
import { wallMs } from '../../domain/time/wall-time.js';
import type { NodeOptions } from './node-options.js';

/** Streams have a connection of their own, so that calls never wait behind them. */
export type Purpose = 'calls' | 'streams';

/** The connections to other nodes. */
export type Connections = {
  /** One that is ready; undefined when there is none within so many milliseconds. At once where it is known. */
  to(node: NodeAddress, purpose: Purpose, withinMs: number): Client | undefined | Promise<Client | undefined>;
  close(): void;
};

/** A host that swallows packets is waited for no longer. */
const CONNECT_MS = 1_000;

const OPTIONS: ChannelOptions = {
  // A node that is lost without a word is noticed within 3 s.
  'grpc.keepalive_time_ms': 2_000,
  'grpc.keepalive_timeout_ms': 1_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // The front does not judge what its callers can take in.
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // Otherwise both purposes share one connection.
  'grpc.use_local_subchannel_pool': 1,
  // Neither https_proxy nor a TXT record decides where calls go and how often.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
};

/** @param others The nodes that there are; to one that is gone no connection is kept. */
export function openConnections(tls: NodeOptions['tls'], others: () => readonly NodeAddress[]): Connections {
  const clients = new Map<string, { readonly nodeId: string; readonly client: Client }>();
  const shown = tls ? credentials.createSsl(tls.clientCa, tls.key, tls.cert) : credentials.createInsecure();

  function clientOf({ id, address }: NodeAddress, purpose: Purpose): Client {
    const key = `${purpose} ${id} ${address}`;
    const known = clients.get(key);
    if (known) return known.client;
    forgetGone(id);
    const client = new Client(address, shown, OPTIONS);
    clients.set(key, { nodeId: id, client });
    return client;
  }

  /** What is still under way goes on to its end. */
  function forgetGone(but: string) {
    const ids = new Set([but, ...others().map(({ id }) => id)]);
    for (const [key, { nodeId, client }] of clients) {
      if (ids.has(nodeId)) continue;
      clients.delete(key);
      client.close();
    }
  }

  return {
    to(node, purpose, withinMs) {
      const client = clientOf(node, purpose);
      if (client.getChannel().getConnectivityState(true) === connectivityState.READY) return client;
      if (withinMs <= 0) return undefined;
      return becomesReady(client, wallMs() + Math.min(withinMs, CONNECT_MS)).then(isReady =>
        isReady ? client : undefined,
      );
    },
    close() {
      for (const { client } of clients.values()) client.close();
      clients.clear();
    },
  };
}

/** As soon as it is known: `waitForReady` goes on waiting after a refusal. */
async function becomesReady(client: Client, until: number): Promise<boolean> {
  const channel = client.getChannel();
  for (;;) {
    const state = channel.getConnectivityState(true);
    if (state === connectivityState.READY) return true;
    if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) return false;
    const isOver = await new Promise<boolean>(resolve =>
      channel.watchConnectivityState(state, until, error => resolve(error !== undefined)),
    );
    if (isOver) return false;
  }
}
