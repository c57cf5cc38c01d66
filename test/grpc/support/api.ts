import { onTestFinished } from 'vitest';
import { tokens as makeTokens } from '../../../src/access/tokens.js';
import { singleNode } from '../../../src/cluster/nodes.js';
import { type GrpcServerOptions, grpcServer } from '../../../src/grpc/server/server.js';
import type { EndedCall } from '../../../src/observability/events.js';
import type { StrangerDeeds } from '../../../src/observability/strangers.js';
import { sqliteStore } from '../../../src/stores/sqlite/sqlite.js';
import { builtInOnly } from '../../../src/whatsapp/index.js';
import { caller } from '../../support/call.js';
import { instancesInMemory } from './instances.js';

export type Api = Awaited<ReturnType<typeof openApi>>;

/** `openApi`, closed when the test ends. */
export async function startApi(options: ApiOptions = {}, address?: string): Promise<Api> {
  const api = await openApi(options, address);
  onTestFinished(api.close);
  return api;
}

type Limits = GrpcServerOptions['limits'];
type ApiOptions = Partial<Omit<GrpcServerOptions, 'limits'>> & { readonly limits?: Partial<Limits> };

/** No test meets these by itself. */
const WIDE: Limits = {
  callsPerMinute: 1000,
  createsPerMinute: 1000,
  batchCreatesPerHour: 1000,
  failedTokensPerMinute: 1000,
  openStreams: 1000,
  openLists: 1000,
  backups: 1000,
  connections: 1000,
  connectionsPerAddress: 1000,
  questionsPerMinute: 1000,
  handshakeMs: 60_000,
  messageMs: 60_000,
  watchesPerConnection: 1000,
  watches: 1000,
  wastePerSecond: 2 ** 30,
  wasteBurst: 2 ** 30,
  refusedMs: 60_000,
};

/** A real server on a free port, with everything real but the instances behind it. */
export async function openApi({ limits, ...options }: ApiOptions = {}, wanted = '127.0.0.1:0') {
  const store = await sqliteStore({ file: ':memory:', masterKey: Buffer.alloc(32, 'master key') });
  const tokens = makeTokens({ store: store.tokens, key: store.deriveKey('tokens') });
  const instances = instancesInMemory(store);
  const calls: EndedCall[] = [];
  const faults: unknown[] = [];
  const strangers: StrangerDeeds[] = [];
  const server = grpcServer({
    instances,
    tokens,
    requestLog: store.requests,
    applyLog: store.applies,
    pageTokenKey: store.deriveKey('page tokens'),
    versions: builtInOnly,
    version: '1.2.3',
    historyMs: undefined,
    async *backUp() {
      yield Buffer.from('a backup');
    },
    nodes: singleNode({ name: 'desk', version: '1.2.3', startTime: new Date(0) }, () => 0),
    refusals: { isRefused: () => false, onChange: () => undefined },
    events: {
      callEnded: call => void calls.push(call),
      callFailed: ({ cause }) => void faults.push(cause),
      taskFailed: ({ cause }) => void faults.push(cause),
      strangersSeen: deeds => void strangers.push(deeds),
    },
    limits: { ...WIDE, ...limits },
    tls: undefined,
    reflection: 'anybody',
    ...options,
  });
  const { host, port } = await server.listen(wanted);
  const address = `${host}:${port}`;
  const account = await tokens.mint({ kind: 'ACCOUNT', access: 'READ_WRITE', displayName: 'all' });

  const { client } = caller(address, account.secret);

  return {
    close: async () => {
      client.close();
      await server.drain(0);
      await store.close();
    },
    client,
    address,
    port,
    server,
    instances,
    tokens,
    store,
    /** The secret of an account token that may do everything. */
    secret: account.secret,
    tokenId: account.token.id,
    /** What the access log got. */
    calls,
    /** What it got of calls and connections without a good token. */
    strangers,
    /** The causes of faults in the log. */
    faults,
    /** Makes an instance and returns the secret of a token for it. */
    async addInstance(name: string, access: 'READ_ONLY' | 'READ_WRITE' = 'READ_WRITE') {
      await instances.create({ name, displayName: '' }, {});
      const { secret } = await tokens.mint({ kind: 'INSTANCE', instance: name, access, displayName: '' });
      return secret;
    },
  };
}
