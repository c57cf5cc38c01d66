import { constants, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, type Server as NetServer } from 'node:net';
import { Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { NodeAddress } from '../../../src/cluster/ports.js';
import { clock } from '../../../src/domain/time/clock.js';
import type { CallContext } from '../../../src/grpc/calls/call-context.js';
import type { NodeOptions } from '../../../src/grpc/hops/node-options.js';
import { openHops } from '../../../src/grpc/hops/open-hops.js';
import { METHODS } from '../../../src/grpc/method-table.js';
import { certificate, otherCertificate, type Pair } from '../../support/certificate.js';
import { cuttingProxy } from '../../support/cutting-proxy.js';
import { MADE_AT, snapshot } from '../support/instances.js';
import { HOP_KEY, leases, openNodes } from '../support/two-nodes.js';

const { getPrivacySettings } = Privacy;
const read = getPrivacySettings.requestSerialize({ instance: 'desk', maxAge: undefined });
const qr = Instances.linkInstance.requestSerialize({
  ...Instances.linkInstance.requestDeserialize(Buffer.of()),
  instance: 'desk',
  method: { $case: 'qr', value: {} },
});
const NEVER = new AbortController().signal;
/** More than any of these tests needs. */
const inAMinute = () => ({ deadline: clock() + 60_000, signal: NEVER });

const contextOf = (path: string, tokenId: string) =>
  ({
    method: METHODS.get(path),
    requestId: 'mine',
    peer: '127.0.0.1',
    principal: {
      tokenId,
      tokenDisplayName: '',
      kind: 'ACCOUNT',
      instance: undefined,
      selector: undefined,
      access: 'READ_WRITE',
      certificateSubject: undefined,
    },
  }) as CallContext;
/** Calls of a token, which is watched where they are answered. */
const hopsOf = (tokenId: string) => ({
  reading: { context: contextOf(getPrivacySettings.path, tokenId), bytes: read },
  linking: { context: contextOf(Instances.linkInstance.path, tokenId), bytes: qr },
});
const { reading } = hopsOf('unknown');

/** The calls of a node that runs nothing. */
function callsOfFront(tls?: NodeOptions['tls']) {
  const routing = leases().routingOf('node-0');
  const hops = openHops({ selfId: () => 'node-0', hopKey: HOP_KEY, routing, tls });
  onTestFinished(() => hops.close());
  return hops;
}

/** Such calls, and the node that runs the instance. */
async function frontAndHolder(options: Partial<Pick<NodeOptions, 'tls'>> = {}, tls = options.tls) {
  const { nodes, give } = await openNodes(2, options);
  const [, holder] = nodes;
  give('desk', holder.node);
  return { holder, hops: callsOfFront(tls), ...hopsOf(holder.tokenId) };
}

const at = (port: number): NodeAddress => ({ id: 'node-1', name: 'node-1', address: `127.0.0.1:${port}` });

async function listening(server: NetServer): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe('calls of one caller to another node', () => {
  test('cut no other caller’s when thousands of them are left', async () => {
    const { holder, hops } = await frontAndHolder();
    const open = Promise.withResolvers<void>();
    let asked = 0;
    holder.instances.readSettings = async () => {
      asked++;
      await open.promise;
      return snapshot;
    };
    const innocent = hops.unary(holder.node, reading, inAMinute());
    for (let left = 0; left < 3_000; left += 100) {
      const caller = new AbortController();
      const calls = Array.from({ length: 100 }, () =>
        hops.unary(holder.node, reading, { ...inAMinute(), signal: caller.signal }),
      );
      await expect.poll(() => asked).toBe(left + 101);
      caller.abort();
      for (const call of calls) expect(await call).toEqual({ kind: 'lost' });
    }
    open.resolve();
    expect(await innocent).toMatchObject({ kind: 'answered' });
  });

  test('are not held up by streams, of which one connection carries thousands', async () => {
    const { holder, hops, linking, reading } = await frontAndHolder();
    let streams = 0;
    holder.instances.link = async function* () {
      streams++;
      await new Promise(() => {});
      yield undefined as never;
    };
    const over = new AbortController();
    const open = Array.from({ length: 300 }, () =>
      hops.stream(holder.node, linking, { signal: over.signal }).next(),
    );
    await expect.poll(() => streams).toBe(300);
    expect(await hops.unary(holder.node, reading, inAMinute())).toMatchObject({ kind: 'answered' });
    over.abort();
    for (const each of open) expect(await each).toMatchObject({ done: true, value: { kind: 'lost' } });
  });

  test('are told no more than is read of them', async () => {
    const { holder, hops, linking, reading } = await frontAndHolder();
    let told = 0;
    holder.instances.link = async function* () {
      const code = { kind: 'qr', code: 'x'.repeat(4_000), expiresAt: MADE_AT } as const;
      for (;;) {
        told++;
        yield { kind: 'code', code };
        await new Promise(setImmediate);
      }
    };
    const over = new AbortController();
    const stream = hops.stream(holder.node, linking, { signal: over.signal });
    await stream.next();
    let before = -1;
    await expect
      .poll(
        () => {
          const isStill = told === before;
          before = told;
          return isStill;
        },
        { interval: 500 },
      )
      .toBe(true);
    expect(told).toBeLessThan(1_000);
    expect(await hops.unary(holder.node, reading, inAMinute())).toMatchObject({ kind: 'answered' });
    for (let more = 0; more < 2_000; more++) expect((await stream.next()).done).toBe(false);
    await stream.return({ kind: 'ended' });
  });

  test('end there when they are left', async () => {
    const { holder, hops, linking } = await frontAndHolder();
    let signal: AbortSignal | undefined;
    holder.instances.link = async function* (_name, _order, call) {
      signal = call.signal;
      yield { kind: 'code', code: { kind: 'qr', code: '1@first', expiresAt: MADE_AT } };
      await new Promise(() => {});
    };
    const stream = hops.stream(holder.node, linking, { signal: NEVER });
    await stream.next();
    await stream.return({ kind: 'ended' });
    await expect.poll(() => signal?.aborted).toBe(true);
  });
});

describe('a node that cannot be reached', () => {
  test('has got nothing when nobody listens there', async () => {
    const server = createServer();
    const port = await listening(server);
    await new Promise(resolve => server.close(resolve));
    expect(await callsOfFront().unary(at(port), reading, inAMinute())).toEqual({ kind: 'unreached' });
  });

  test('has got nothing when it swallows what is sent, which is known long before the deadline', async () => {
    const port = await listening(createServer(socket => void socket.on('error', () => {})));
    const call = inAMinute();
    expect(await callsOfFront().unary(at(port), reading, call)).toEqual({ kind: 'unreached' });
    expect(clock()).toBeLessThan(call.deadline);
  });

  test('is noticed long before the deadline when it falls silent in the middle of a call', async () => {
    const { holder, hops } = await frontAndHolder();
    await using proxy = await cuttingProxy(Number(holder.node.address.split(':')[1]));
    holder.instances.readSettings = async () => {
      proxy.stall();
      return new Promise(() => {});
    };
    const call = inAMinute();
    expect(await hops.unary({ ...holder.node, ...at(proxy.port) }, reading, call)).toEqual({ kind: 'lost' });
    expect(clock()).toBeLessThan(call.deadline);
  });
});

describe('a status that no node has made', () => {
  const { NGHTTP2_REFUSED_STREAM, NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR } = constants;
  const ENDS: Readonly<Record<string, readonly ['unreached' | 'lost', (stream: ServerHttp2Stream) => void]>> =
    {
      'a stream that is refused': ['unreached', stream => stream.close(NGHTTP2_REFUSED_STREAM)],
      'a stream that is cancelled': ['lost', stream => stream.close(NGHTTP2_CANCEL)],
      'a stream that fails': ['lost', stream => stream.close(NGHTTP2_INTERNAL_ERROR)],
      'a connection that ends': ['lost', stream => stream.session?.destroy()],
      'headers alone': [
        'lost',
        stream => {
          stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
          stream.end();
        },
      ],
      'a status without a mark': [
        'lost',
        stream => {
          const trailers = { 'grpc-status': 14, 'grpc-message': 'Stream was not so good at 127.0.0.1' };
          stream.respond(
            { ':status': 200, 'content-type': 'application/grpc', ...trailers },
            { endStream: true },
          );
        },
      ],
      'an answer of something else': [
        'lost',
        stream => stream.respond({ ':status': 503 }, { endStream: true }),
      ],
    };
  test.each(Object.keys(ENDS))('tells nothing but whether it was sent: %s', async what => {
    const [kind, end] = ENDS[what] ?? ['lost', () => {}];
    const server = createHttp2Server();
    server.on('stream', stream => {
      stream.on('error', () => {});
      end(stream);
    });
    const port = await listening(server as unknown as NetServer);
    expect(await callsOfFront().unary(at(port), reading, inAMinute())).toEqual({ kind });
  });
});

describe('certificates of nodes', () => {
  /** With the authority of these nodes; that for localhost is its own. */
  const shown = ({ cert, key }: Pair, authority: string) => ({
    cert: Buffer.from(cert),
    key: Buffer.from(key),
    clientCa: Buffer.from(authority),
  });
  const { cert: ownCa } = certificate();
  const own = shown(certificate(), ownCa);

  test('let nodes call each other', async () => {
    const { holder, hops } = await frontAndHolder({ tls: own });
    expect(await hops.unary(holder.node, reading, inAMinute())).toMatchObject({ kind: 'answered' });
  });

  test('keep out who has one of another authority, and who has none', async () => {
    const { holder, hops } = await frontAndHolder({ tls: own }, shown(otherCertificate('desk'), ownCa));
    for (const each of [hops, callsOfFront()])
      expect(await each.unary(holder.node, reading, inAMinute())).not.toMatchObject({ kind: 'answered' });
    expect(holder.calls).toEqual([]);
  });

  test('keep from calling who has none of the own authority', async () => {
    const renewed = otherCertificate('renewed');
    const { holder, hops } = await frontAndHolder({ tls: shown(renewed, renewed.cert) }, own);
    expect(await hops.unary(holder.node, reading, inAMinute())).toEqual({ kind: 'unreached' });
  });
});

test('an answer of a newer node reaches the caller with what this one does not know', async () => {
  const { nodes, give } = await openNodes(1);
  const [front] = nodes;
  const newer = Buffer.from([0xc0, 0xa9, 0x07, 0x01]); // Field 15,000.
  const server = new Server();
  const asIs = (bytes: Buffer) => bytes;
  const { path } = getPrivacySettings;
  const raw = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  } as const;
  const got: Buffer[] = [];
  server.addService(
    { read: raw },
    {
      read: (call: { request: Buffer }, callback: (error: null, answer: Buffer) => void) => {
        got.push(call.request);
        callback(null, newer);
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  onTestFinished(() => server.forceShutdown());
  give('desk', at(port));
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${front.secret}`);
  const request = Buffer.concat([read, newer]);
  const answer = await new Promise(resolve =>
    front.client.makeUnaryRequest(path, asIs, asIs, request, metadata, (error, bytes) =>
      resolve(error ?? bytes),
    ),
  );
  expect(answer).toEqual(newer);
  expect(got).toEqual([request]);
});
