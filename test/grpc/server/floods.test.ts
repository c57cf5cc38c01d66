import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { networksIn } from '../../../src/input/networks.js';
import { LIMITS } from '../../../src/limits.js';
import { callFrame, frame, opening, resetFrame, uint32 } from '../../support/http2-frames.js';
import { type Api, startApi } from '../support/api.js';
import { invoke } from '../support/invoke.js';
import { connectRaw, isServed, openCall, proxyLine, speakAfter } from '../support/proxied.js';

const { path } = InstanceServiceService.listInstances;
const KB = 1024;
/** Narrow, so that a test meets it with few frames. The address is told by a header, for all tests share one. */
const NARROW = {
  limits: { wastePerSecond: 50 * KB, wasteBurst: 100 * KB, connectionsPerAddress: 10 },
  trustedProxies: networksIn('127.0.0.1'),
};
const FLOODER = '192.0.2.66';
/** How often connections are looked at. */
const LOOK_MS = 1000;
const ENHANCE_YOUR_CALM = 11;

/** The code with which the server ended it. */
const goaway = (session: ClientHttp2Session) => new Promise(resolve => session.once('goaway', resolve));
async function speaks(api: Api, header: string) {
  const session = speakAfter(api, header);
  expect(await isServed(session)).toBe(true);
  return session;
}
const isTaken = (api: Api, address: string) => isServed(speakAfter(api, proxyLine(address)));

/** Opens so many calls, and leaves each at once. */
function resetRapidly(session: ClientHttp2Session, count: number, secret?: string) {
  for (let call = 0; call < count; call++) openCall(session, path, secret).close(8);
}
function callUnknown(session: ClientHttp2Session, count: number) {
  for (let call = 0; call < count; call++)
    openCall(session, '/whatsapp.privacy.v1.PrivacyService/GetX').end();
}

/** A connection that has said as much of HTTP/2 as it must. */
async function greet(api: Api): Promise<Socket> {
  const socket = connectRaw(api);
  socket.write(Buffer.concat([Buffer.from(proxyLine(FLOODER)), opening()]));
  await once(socket, 'data');
  return socket;
}
/** Waits longer than connections are left alone. */
const past = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

describe.each([
  ['rapid resets without a token', (session: ClientHttp2Session) => resetRapidly(session, 150)],
  ['unknown methods', (session: ClientHttp2Session) => callUnknown(session, 90)],
])('a flood of %s', (_, flood) => {
  test('closes its connection, and refuses its address for a while', async () => {
    const api = await startApi({ ...NARROW, limits: { ...NARROW.limits, refusedMs: 3000 } });
    const quiet = await speaks(api, proxyLine(FLOODER));
    const flooding = await speaks(api, proxyLine(FLOODER));
    flood(flooding);
    flood(flooding);
    expect(await goaway(flooding)).toBe(ENHANCE_YOUR_CALM);
    expect(await isTaken(api, FLOODER)).toBe(false);
    expect(await isTaken(api, '192.0.2.67')).toBe(true);
    expect(quiet.destroyed).toBe(false);
    expect(api.strangers.map(({ deed, peer }) => [deed, peer])).toEqual(
      expect.arrayContaining([
        ['connection_flooding', FLOODER],
        ['connection_refused', FLOODER],
      ]),
    );
    await expect.poll(() => isTaken(api, FLOODER), { timeout: 30_000 }).toBe(true);
  });
});

test('a flood of WINDOW_UPDATE closes its connection, and refuses its address', async () => {
  const api = await startApi(NARROW);
  const socket = await greet(api);
  const oneByte = frame({ type: 'windowUpdate', payload: uint32(1) });
  socket.write(Buffer.concat(Array<Buffer>(20_000).fill(oneByte)));
  await once(socket.resume(), 'close');
  expect(await isTaken(api, FLOODER)).toBe(false);
});

test.each([path, '/no.Service/Method'])(
  'a flood that comes at once ends its connection alone: %s',
  async called => {
    const api = await startApi(NARROW);
    const socket = await greet(api);
    const streams = Array.from({ length: 600 }, (_, index) => 2 * index + 1);
    socket.write(Buffer.concat(streams.flatMap(stream => [callFrame(called, stream), resetFrame(stream)])));
    await once(socket.resume(), 'close');
    expect(await isTaken(api, FLOODER)).toBe(false);
    expect(await isTaken(api, '192.0.2.67')).toBe(true);
  },
);

test('a flood over many connections, one after another, refuses the address', async () => {
  const api = await startApi({ ...NARROW, limits: { ...NARROW.limits, wastePerSecond: KB } });
  const flooded = async () => {
    const session = speakAfter(api, proxyLine(FLOODER));
    if (!(await isServed(session))) return true;
    resetRapidly(session, 30);
    session.close();
    return false;
  };
  await expect.poll(flooded).toBe(true);
});

describe('no flood are', () => {
  test('calls with a good token, however soon they are cancelled', async () => {
    const api = await startApi(NARROW);
    const session = await speaks(api, proxyLine(FLOODER));
    const call = () => once(openCall(session, path, api.secret).end(Buffer.alloc(5)), 'close');
    await call(); // A token that is looked up for the first time is waited for.
    const isClosed = once(session, 'close').then(() => true);
    for (let round = 0; round < 10; round++) {
      resetRapidly(session, 50, api.secret);
      await call();
    }
    expect(await Promise.race([isClosed, past(2 * LOOK_MS)])).toBeUndefined();
    expect(await isTaken(api, FLOODER)).toBe(true);
  });
});

test('a trusted proxy that tells no caller loses its connection, and is not refused', async () => {
  const api = await startApi(NARROW);
  const session = await speaks(api, '');
  callUnknown(session, 150);
  expect(await goaway(session)).toBe(ENHANCE_YOUR_CALM);
  await speaks(api, '');
});

describe('a caller beyond its limits hears of each call', () => {
  test.each([
    ['with a good token, 300 at once of which 100 are allowed', true, 300],
    ['with a bad token, 90 at once', false, 90],
  ])('%s', async (_, isGood, count) => {
    const { peer } = LIMITS;
    const api = await startApi({ limits: { ...peer, callsPerMinute: 100 } });
    const client = { client: api.client, secret: isGood ? api.secret : 'wap_no-such-token' };
    const calls = Array.from({ length: count }, () =>
      invoke(client, InstanceServiceService.listInstances, {}),
    );
    const codes = Map.groupBy(await Promise.all(calls), ({ code }) => code);
    const counts = Object.fromEntries([...codes].map(([code, those]) => [code, those.length]));
    expect(counts).toEqual(
      isGood ? { OK: 100, RESOURCE_EXHAUSTED: 200 } : { UNAUTHENTICATED: 60, RESOURCE_EXHAUSTED: 30 },
    );
  });
});
