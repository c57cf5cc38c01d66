import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Instance_State as InstanceState } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { failureOf } from '../support/call.js';
import {
  type Desk,
  type Disconnecting,
  inSession,
  onTheWay,
  PATIENCE,
  reconnect,
  rewritten,
  type Secrets,
  storedSecrets,
  streamError,
  view,
  viewIn,
  viewOnce,
} from '../support/desk.js';
import { type Service, startService } from '../support/service.js';

const FIBONACCI = [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 900];
const fibonacci = (failures: number) => FIBONACCI[failures - 1] ?? 900;

const atLogin = (reason?: number) => onTheWay('login', { do: 'failure', ...(reason && { reason }) });
const garbled: Disconnecting = async (service, desk) => {
  await reconnect(service, desk);
  await viewIn(service, desk, 'CONNECTED');
  const effect = { do: 'undecryptable', moment: 'after_reply' } as const;
  service.simulator.inject({ match: { on: 'privacy_get' }, effect });
  await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
};

const ENDED = (code: number) => `WhatsApp ended the connection (${code})`;
const HTTP = (status: number) => `The server answered HTTP ${status} in place of a WebSocket`;
const CLOSED = 'WhatsApp closed the connection';
const LOST = expect.stringMatching(/^No connection to WhatsApp|^WhatsApp closed the connection$/);
const UNREADABLE = 'WhatsApp sent a frame that cannot be read';
const HANDSHAKE = 'The handshake with WhatsApp failed';

type Case = [what: string, make: Disconnecting, reason: unknown];
const CASES: Case[] = [
  ...[408, 428, 500, 501, 503, 599, 1, 99_999].map(
    (code): Case => [`failure ${code} at the login`, atLogin(code), ENDED(code)],
  ),
  ['failure without a reason at the login', atLogin(), ENDED(500)],
  ...[408, 428, 500, 501, 503, 599, 1, 99_999].map(
    (code): Case => [`stream error ${code}`, streamError(code), ENDED(code)],
  ),
  ['stream error 409', streamError(409), 'WhatsApp refuses the connection as conflicting'],
  ['stream error without a code', streamError(), ENDED(500)],
  ...[400, 401, 403, 404, 405, 500, 502, 503, 504].map(
    (code): Case => [`HTTP ${code}`, onTheWay('upgrade', { do: 'http', status: code }), HTTP(code)],
  ),
  ['close at the upgrade', onTheWay('upgrade', { do: 'close' }), LOST],
  ['reset at the upgrade', onTheWay('upgrade', { do: 'reset' }), LOST],
  ['close at the hello', onTheWay('hello', { do: 'close' }), CLOSED],
  ['reset at the hello', onTheWay('hello', { do: 'reset' }), LOST],
  ['garbage at the hello', onTheWay('hello', { do: 'undecodable' }), HANDSHAKE],
  ['close at the login', onTheWay('login', { do: 'close' }), CLOSED],
  ['reset at the login', onTheWay('login', { do: 'reset' }), LOST],
  ['close', inSession(phone => phone.dropConnections('close')), CLOSED],
  ['reset', inSession(phone => phone.dropConnections('reset')), LOST],
  ['frame that cannot be decrypted', garbled, UNREADABLE],
];

describe('a disconnect that is no end', () => {
  let service: Service;
  let desk: Desk;
  let failures = 0;
  let secrets: Secrets;

  beforeAll(async () => {
    service = await startService({ simulator: { behaviour: { preKeys: 'asked' } } });
    desk = await service.linked();
    // Until the service waits so long that no test can be too slow to see it wait.
    const { phoneNumber } = desk.phone;
    const effect = { do: 'failure', reason: 503 } as const;
    const refusal = service.simulator.inject({
      match: { on: 'login', phoneNumber },
      effect,
      times: Infinity,
    });
    desk.phone.streamError(503);
    await vi.waitFor(async () => {
      await reconnect(service, desk);
      expect(refusal.hits()).toBeGreaterThanOrEqual(8);
    }, PATIENCE);
    await viewOnce(service, desk, ({ nextAttemptTime }) => nextAttemptTime !== undefined);
    failures = 1 + refusal.hits();
    refusal.remove();
    secrets = storedSecrets(service);
  });
  afterAll(() => service[Symbol.asyncDispose]());

  test.each(CASES)('(%s) is followed by a longer wait, and says so', async (_, make, reason) => {
    const earliest = Date.now();
    const before = Number((await view(service, desk)).nextAttemptTime);
    await make(service, desk);
    const now = await viewOnce(service, desk, ({ nextAttemptTime }) => {
      return nextAttemptTime !== undefined && Number(nextAttemptTime) !== before;
    });
    const latest = Date.now();
    expect(InstanceState[now.state]).toBe('CONNECTING');
    expect(now.stateReason).toEqual(reason);
    const waitMs = 1000 * fibonacci(++failures);
    expect(Number(now.nextAttemptTime) - earliest).toBeGreaterThanOrEqual(0.9 * waitMs);
    expect(Number(now.nextAttemptTime) - latest).toBeLessThanOrEqual(1.1 * waitMs);
  });

  test('leaves every stored secret as it was, and the next login works with them', async () => {
    await reconnect(service, desk);
    await viewIn(service, desk, 'CONNECTED');
    const now = storedSecrets(service);
    expect(secrets.credentials).toHaveLength(1);
    expect(now.credentials).toEqual(secrets.credentials);
    expect(secrets.keys.length).toBeGreaterThan(800);
    expect(rewritten(secrets, now)).toBe(0);
    expect(desk.phone.devices()).toHaveLength(1);
  });

  test('is told as UNAVAILABLE with the time of the next attempt', async () => {
    await streamError(503)(service, desk);
    const { nextAttemptTime } = await viewOnce(service, desk, seen => seen.nextAttemptTime !== undefined);
    const { instance } = desk;
    const failure = await failureOf(service.client.call(Privacy.getPrivacySettings, { instance }));
    expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: 'INSTANCE_NOT_CONNECTED' });
    const { seconds } = failure.details['google.rpc.RetryInfo']?.retryDelay ?? { seconds: 0n };
    expect(Math.abs(Date.now() + 1000 * Number(seconds) - Number(nextAttemptTime))).toBeLessThan(10_000);
  });
});

describe('a restart that WhatsApp asks for', () => {
  test('is made at once, and not made at once when it is asked for again', async () => {
    await using service = await startService();
    const desk = await service.linked();
    const first = (await view(service, desk)).lastConnectTime;
    const secrets = storedSecrets(service);
    desk.phone.streamError(515);
    const { stateReason } = await viewOnce(service, desk, seen => {
      return InstanceState[seen.state] === 'CONNECTED' && Number(seen.lastConnectTime) !== Number(first);
    });
    expect(stateReason).toBe('');
    expect(service.log.filter(line => line.includes('asked for a restart'))).toEqual([]);

    desk.phone.streamError(515);
    await vi.waitFor(() => {
      const waits = service.log.filter(line => line.includes('WhatsApp asked for a restart'));
      expect(waits.length).toBe(1);
    }, PATIENCE);
    await viewIn(service, desk, 'CONNECTED');
    expect(storedSecrets(service).credentials).toEqual(secrets.credentials);
  });
});
