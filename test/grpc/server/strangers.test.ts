import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { type Client, Metadata, status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { caller } from '../../support/call.js';
import { type Api, startApi } from '../support/api.js';
import { invoke } from '../support/invoke.js';

const bytes = (value: Buffer) => value;
const nameOfService = (name: string) => Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)]);
/** `list_services: ""` */
const QUESTION = Buffer.from([0x3a, 0x00]);

function watchHealth(client: Client, service = '') {
  const call = client.makeServerStreamRequest(
    '/grpc.health.v1.Health/Watch',
    bytes,
    bytes,
    nameOfService(service),
  );
  const first = new Promise<Buffer>(resolve => call.once('data', resolve));
  const ended = new Promise<number>(resolve => call.on('status', ({ code }) => resolve(code)));
  call.on('error', () => {});
  return { call, first, ended };
}

/** Another connection. */
function anotherClient(api: Api): Client {
  const { client, close } = caller(api.address, api.secret, { 'grpc.use_local_subchannel_pool': 1 });
  onTestFinished(close);
  return client;
}

describe('health watches', () => {
  test('beyond the bound of a connection are refused, and another connection has its own', async () => {
    const api = await startApi({ limits: { watchesPerConnection: 2 } });
    const watches = [1, 2].map(() => watchHealth(api.client));
    await Promise.all(watches.map(({ first }) => first));
    expect(await watchHealth(api.client).ended).toBe(status.RESOURCE_EXHAUSTED);
    await watchHealth(anotherClient(api)).first;
    watches[0]?.call.cancel();
    await vi.waitFor(async () => {
      const again = watchHealth(api.client);
      expect(await Promise.race([again.first, again.ended])).toBeInstanceOf(Buffer);
    });
  });

  test('beyond the bound of the process are refused', async () => {
    const api = await startApi({ limits: { watches: 1 } });
    await watchHealth(api.client).first;
    expect(await watchHealth(anotherClient(api)).ended).toBe(status.RESOURCE_EXHAUSTED);
  });

  test('of a service that there is not say so and stay, without a trace of its name', async () => {
    const api = await startApi();
    const SERVICE_UNKNOWN = Buffer.from([0x08, 3]);
    expect(await watchHealth(api.client, 'another.Service').first).toEqual(SERVICE_UNKNOWN);
  });
});

describe('reflection', () => {
  /** Asks so often on one stream; how many answers came, and how it ended. */
  async function ask(api: Api, times: number, secret?: string) {
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    const metadata = new Metadata();
    if (secret !== undefined) metadata.set('authorization', `Bearer ${secret}`);
    const call = api.client.makeBidiStreamRequest(path, bytes, bytes, metadata);
    let answers = 0;
    call.on('data', () => answers++);
    call.on('error', () => {});
    const ended = new Promise<number>(resolve => call.on('status', ({ code }) => resolve(code)));
    for (let count = 0; count < times; count++) call.write(QUESTION);
    call.end();
    const code = await ended;
    return { answers, code };
  }

  test('answers an address so many questions a minute, over all its streams', async () => {
    const api = await startApi({ limits: { questionsPerMinute: 5 } });
    expect(await ask(api, 3)).toEqual({ answers: 3, code: status.OK });
    expect(await ask(api, 3)).toEqual({ answers: 2, code: status.RESOURCE_EXHAUSTED });
    expect((await invoke(api, InstanceServiceService.listInstances, {})).code).toBe('OK');
  });

  test('for callers with a token refuses those without a good one', async () => {
    const api = await startApi({ reflection: 'with_token' });
    const refused = { answers: 0, code: status.UNAUTHENTICATED };
    expect(await ask(api, 1)).toEqual(refused);
    expect(await ask(api, 1, 'wap_guess')).toEqual(refused);
    expect(await ask(api, 1, api.secret)).toEqual({ answers: 1, code: status.OK });
  });
});

describe('a connection', () => {
  test('beyond those of its address is closed, and one that ends makes room', async () => {
    const api = await startApi({ limits: { connectionsPerAddress: 2 } });
    const sockets = [1, 2, 3].map(() => connectTcp(api.port, '127.0.0.1').on('error', () => {}));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    await once(sockets[2] as (typeof sockets)[0], 'close');
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, false, true]);
    sockets[0]?.destroy();
    await vi.waitFor(async () =>
      expect((await invoke(api, InstanceServiceService.listInstances, {})).code).toBe('OK'),
    );
  });

  test('that says nothing is closed, and one that speaks HTTP/2 stays', async () => {
    const api = await startApi({ limits: { handshakeMs: 200 } });
    const speaking = connectHttp2(`http://${api.address}`);
    onTestFinished(() => speaking.destroy());
    await once(speaking, 'remoteSettings');
    const silent = connectTcp(api.port, '127.0.0.1').on('error', () => {});
    await once(silent.resume(), 'close');
    expect(speaking.destroyed).toBe(false);
  });
});

describe('a call whose caller does not end its side', () => {
  async function openCall(api: Api, headers: Record<string, string>) {
    const session: ClientHttp2Session = connectHttp2(`http://${api.address}`);
    onTestFinished(() => session.destroy());
    const stream = session.request(
      {
        ':method': 'POST',
        ':path': InstanceServiceService.listInstances.path,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      },
      { endStream: false },
    );
    stream.on('error', () => {}).resume();
    await once(stream, 'close');
    return stream.rstCode;
  }

  test('is reset after it was refused', async () => {
    const api = await startApi();
    expect(await openCall(api, {})).toBe(0);
  });

  test('and sends no message is reset in time', async () => {
    const api = await startApi({ limits: { messageMs: 200 } });
    expect(await openCall(api, { authorization: `Bearer ${api.secret}` })).toBe(8);
  });
});

test('a shutdown does not wait for a peer that never closes', async () => {
  const api = await startApi();
  const silent = connectTcp({ port: api.port, host: '127.0.0.1', allowHalfOpen: true });
  silent.on('error', () => {});
  onTestFinished(() => void silent.destroy());
  await once(silent, 'connect');
  const deaf = connectHttp2(`http://${api.address}`);
  deaf.on('error', () => {});
  await once(deaf, 'remoteSettings');
  onTestFinished(() => deaf.destroy());
  silent.pause();
  await api.server.drain(100);
});
