import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { type Client, Metadata, status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { caller } from '../../support/call.js';
import { certificate } from '../../support/certificate.js';
import { callFrame, frame, opening } from '../../support/http2-frames.js';
import { type Api, startApi } from '../support/api.js';
import { invoke } from '../support/invoke.js';
import { connectRaw, openCall } from '../support/proxied.js';

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
  test('answers an address so many questions a minute, over all its streams', async () => {
    const api = await startApi({ limits: { questionsPerMinute: 5 } });
    expect(await ask(api, 3)).toEqual({ answers: 3, code: status.OK });
    expect(await ask(api, 3)).toEqual({ answers: 2, code: status.RESOURCE_EXHAUSTED });
    expect((await invoke(api, InstanceServiceService.listInstances, {})).code).toBe('OK');
  });

  test.each([1, 2, 3])('refuses what is beyond %i questions that came at once', async questionsPerMinute => {
    const api = await startApi({ limits: { questionsPerMinute } });
    const ended = { answers: questionsPerMinute, code: status.RESOURCE_EXHAUSTED };
    expect(await ask(api, questionsPerMinute + 1)).toEqual(ended);
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
  async function leaveOpen(api: Api, secret?: string) {
    const session = connectHttp2(`http://${api.address}`);
    onTestFinished(() => session.destroy());
    const stream = openCall(session, InstanceServiceService.listInstances.path, secret);
    await once(stream, 'close');
    expect(api.strangers.map(({ deed }) => deed)).toContain('call_half_open');
    return stream.rstCode;
  }

  test('is reset after it was refused', async () => {
    const api = await startApi();
    expect(await leaveOpen(api)).toBe(0);
  });

  test('and sends no message is reset in time', async () => {
    const api = await startApi({ limits: { messageMs: 200 } });
    expect(await leaveOpen(api, api.secret)).toBe(8);
  });
});

describe('what strangers do is counted, and has no line for each call', () => {
  const { listInstances } = InstanceServiceService;
  const deeds = (api: Api) => api.strangers.map(({ deed, peer }) => `${deed} ${peer}`);

  test.each([
    ['token_missing', null],
    ['token_bad', 'wap_guess'],
  ])('%s', async (deed, secret) => {
    const api = await startApi({ limits: { failedTokensPerMinute: 1 } });
    for (let call = 0; call < 3; call++) await invoke(api, listInstances, {}, { secret });
    expect(api.strangers).toEqual([{ deed, peer: '127.0.0.1', count: 1 }]);
    await invoke(api, listInstances, {});
    expect(api.calls.map(({ code }) => code)).toEqual(['OK']);
    await api.server.drain(100);
    expect(api.strangers.slice(1)).toEqual([{ deed, peer: '127.0.0.1', count: 2 }]);
  });

  test('call_left, before its token was looked up', async () => {
    const { promise, resolve: lookUp } = Promise.withResolvers<undefined>();
    const api = await startApi();
    const slow = await startApi({ tokens: { ...api.tokens, verify: () => promise } });
    const session = connectHttp2(`http://${slow.address}`);
    onTestFinished(() => session.destroy());
    const stream = openCall(session, listInstances.path, 'wap_slow');
    await once(session, 'remoteSettings');
    stream.close(8);
    await expect.poll(() => deeds(slow)).toEqual(['call_left 127.0.0.1']);
    lookUp(undefined);
    expect(slow.calls).toEqual([]);
  });

  test('unknown_method, reflection and health', async () => {
    const api = await startApi({ limits: { watchesPerConnection: 1, questionsPerMinute: 1 } });
    const unknown = { ...listInstances, path: '/whatsapp.privacy.v1.PrivacyService/GetNothing' };
    await invoke(api, { ...unknown }, {});
    await watchHealth(api.client).first;
    await watchHealth(api.client).ended;
    await ask(api, 2);
    expect(deeds(api)).toEqual(
      ['unknown_method', 'health', 'health_watch_refused', 'reflection', 'reflection_refused'].map(
        deed => `${deed} 127.0.0.1`,
      ),
    );
  });

  test('connection_broken, where no HTTP/2 is spoken', async () => {
    const api = await startApi();
    connectRaw(api).write('GET / HTTP/1.1\r\n\r\n');
    await expect.poll(() => deeds(api)).toEqual(['connection_broken 127.0.0.1']);
  });

  test('connection_broken, where no TLS is spoken', async () => {
    const { cert, key } = certificate();
    const api = await startApi({
      tls: { cert: Buffer.from(cert), key: Buffer.from(key), clientCa: undefined },
    });
    connectRaw(api).write('GET / HTTP/1.1\r\n\r\n');
    await expect.poll(() => deeds(api)).toEqual(['connection_broken 127.0.0.1']);
  });

  test('connection_refused, also by the bound of the process', async () => {
    const api = await startApi({ limits: { connections: 1 } });
    const [first, second] = [connectRaw(api), connectRaw(api)];
    await Promise.race([once(first.resume(), 'close'), once(second.resume(), 'close')]);
    expect(deeds(api)).toEqual(['connection_refused 127.0.0.1']);
  });
});

test('a connection that breaks with a call open on it harms nobody', async () => {
  const api = await startApi();
  const raw = connectRaw(api);
  raw.write(Buffer.concat([opening(), callFrame('/no.Service/Method', 1)]));
  await expect.poll(() => api.strangers).toMatchObject([{ deed: 'unknown_method' }]);
  raw.write(frame({ type: 'settings', stream: 1 })); // Not of a stream.
  await once(raw.resume(), 'close');
  expect(api.strangers[1]).toMatchObject({ deed: 'connection_broken' });
  expect((await invoke(api, InstanceServiceService.listInstances, {})).code).toBe('OK');
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
