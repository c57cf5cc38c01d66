import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { describe, expect, test } from 'vitest';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { networksIn } from '../../../src/input/networks.js';
import { certificate } from '../../support/certificate.js';
import { type Api, startApi } from '../support/api.js';
import { connectRaw, isServed, openCall, proxyLine, speakAfter } from '../support/proxied.js';

const { path } = InstanceServiceService.listInstances;
const trustedProxies = networksIn('127.0.0.1');
/** Version 2, TCP over IPv6, from 2001:db8::7. */
const BINARY = Buffer.from(
  '0d0a0d0a000d0a515549540a2121002420010db800000000000000000000000700000000000000000000000000000001dc0401bb',
  'hex',
);

/** Calls with an empty message, and waits for the end. */
async function call(session: ClientHttp2Session, secret?: string) {
  const stream = openCall(session, path, secret);
  stream.end(Buffer.alloc(5));
  await once(stream, 'close');
}
const peers = (api: Api) => api.calls.map(({ peer }) => peer);

describe('of a trusted proxy', () => {
  test('the header tells whose the calls are', async () => {
    const api = await startApi({ trustedProxies });
    await call(speakAfter(api, proxyLine('192.0.2.7')), api.secret);
    await call(speakAfter(api, BINARY), api.secret);
    expect(peers(api)).toEqual(['192.0.2.7', '2001:db8::7']);
  });

  test('the header comes before TLS', async () => {
    const { cert, key } = certificate();
    const tls = { cert: Buffer.from(cert), key: Buffer.from(key), clientCa: undefined };
    const api = await startApi({ trustedProxies, tls });
    await call(speakAfter(api, BINARY, cert), api.secret);
    expect(peers(api)).toEqual(['2001:db8::7']);
  });

  test('the header may come byte by byte', async () => {
    const api = await startApi({ trustedProxies });
    const socket = connectRaw(api).setNoDelay();
    const bytes = Buffer.from(
      `${proxyLine('192.0.2.7')}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0`,
    );
    for (const byte of bytes) {
      socket.write(Buffer.of(byte));
      await new Promise(resolve => setImmediate(resolve));
    }
    const [greeting] = (await once(socket, 'data')) as [Buffer];
    expect(greeting[3]).toBe(4); // SETTINGS
  });

  test('a connection without a header has the address of the proxy, and no bound of an address', async () => {
    const api = await startApi({ trustedProxies, limits: { connectionsPerAddress: 1 } });
    const sessions = [1, 2, 3].map(() => speakAfter(api, ''));
    expect(await Promise.all(sessions.map(isServed))).toEqual([true, true, true]);
    await call(sessions[2] as ClientHttp2Session, api.secret);
    expect(peers(api)).toEqual(['127.0.0.1']);
  });

  test('connections count as those of the caller, of an IPv6 address its network', async () => {
    const api = await startApi({ trustedProxies, limits: { connectionsPerAddress: 1 } });
    const first = speakAfter(api, proxyLine('2001:db8::7'));
    expect(await isServed(first)).toBe(true);
    expect(await isServed(speakAfter(api, proxyLine('2001:db8::8')))).toBe(false);
    expect(await isServed(speakAfter(api, proxyLine('2001:db9::7')))).toBe(true);
    expect(api.strangers).toEqual([{ deed: 'connection_refused', peer: '2001:db8:0:0::/64', count: 1 }]);
    first.destroy();
    await expect.poll(() => isServed(speakAfter(api, proxyLine('2001:db8::8')))).toBe(true);
  });

  test('bad tokens count as those of the caller', async () => {
    const api = await startApi({ trustedProxies });
    await call(speakAfter(api, proxyLine('192.0.2.7')), 'wap_guess');
    expect(api.strangers).toEqual([{ deed: 'token_bad', peer: '192.0.2.7', count: 1 }]);
  });

  test('a broken header closes the connection', async () => {
    const api = await startApi({ trustedProxies });
    const socket = connectRaw(api);
    socket.write('PROXY TCP4 nobody 127.0.0.1 5000 443\r\n');
    await once(socket.resume(), 'close');
    expect(api.strangers).toEqual([{ deed: 'connection_broken', peer: '127.0.0.1', count: 1 }]);
  });

  test.each([
    ['never comes', ''],
    ['never ends', 'PROXY TCP4 192.0.2.7'],
    ['is all that comes', proxyLine('127.0.0.1')],
  ])('a header that %s closes the connection in time', async (_, sent) => {
    const api = await startApi({ trustedProxies, limits: { handshakeMs: 200 } });
    const socket = connectRaw(api);
    socket.write(sent);
    await once(socket.resume(), 'close');
    expect(api.strangers).toEqual([{ deed: 'connection_silent', peer: '127.0.0.1', count: 1 }]);
  });

  test('a connection that is reset while the header is awaited harms nobody', async () => {
    const api = await startApi({ trustedProxies });
    const socket = connectRaw(api);
    await once(socket, 'connect');
    socket.write('PROXY ');
    socket.resetAndDestroy();
    const ended = connectRaw(api);
    ended.end('PROXY ');
    await once(ended.resume(), 'close');
    await call(speakAfter(api, proxyLine('192.0.2.7')), api.secret);
    expect(peers(api)).toEqual(['192.0.2.7']);
  });
});

test.each([
  ['a line', proxyLine('192.0.2.7')],
  ['bytes', BINARY],
])('of anybody else no header is read: %s', async (_, header) => {
  const api = await startApi({ trustedProxies: networksIn('192.0.2.1') });
  const session = speakAfter(api, header);
  await new Promise(resolve => session.once('close', resolve));
  expect(api.strangers).toEqual([{ deed: 'connection_broken', peer: '127.0.0.1', count: 1 }]);
});
