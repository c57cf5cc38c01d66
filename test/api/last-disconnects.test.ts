import { status } from '@grpc/grpc-js';
import { describe, expect, test, vi } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { failureOf } from '../support/call.js';
import {
  type Desk,
  type Disconnecting,
  PATIENCE,
  reconnect,
  rewritten,
  storedSecrets,
  streamError,
  viewIn,
} from '../support/desk.js';
import { type Service, startService } from '../support/service.js';

/** The next login of a connected instance fails. */
const atLogin =
  (failure: { reason: number; code?: number; expire?: number }): Disconnecting =>
  async (service, desk) => {
    const { phoneNumber } = desk.phone;
    const effect = { do: 'failure', ...failure } as const;
    service.simulator.inject({ match: { on: 'login', phoneNumber }, effect });
    desk.phone.streamError(515);
  };

type State = 'LOGGED_OUT' | 'SUSPENDED' | 'CONFLICT';
const CASES: [what: string, make: Disconnecting, state: State, reason: string][] = [
  ['401 at the login', atLogin({ reason: 401 }), 'LOGGED_OUT', 'The device was unlinked'],
  ['401 device_removed', streamError(401, 'device_removed'), 'LOGGED_OUT', 'The device was unlinked'],
  ['402', atLogin({ reason: 402, code: 101 }), 'SUSPENDED', 'WhatsApp banned the account for a time'],
  [
    '402 until tomorrow',
    atLogin({ reason: 402, code: 101, expire: 86_400 }),
    'SUSPENDED',
    'WhatsApp banned the account for a time',
  ],
  ['403', atLogin({ reason: 403 }), 'SUSPENDED', 'WhatsApp refuses the account'],
  ['406', atLogin({ reason: 406 }), 'SUSPENDED', 'WhatsApp banned the account'],
  ['411', atLogin({ reason: 411 }), 'LOGGED_OUT', 'The account does not use linked devices'],
  ['440 replaced', streamError(undefined, 'replaced'), 'CONFLICT', 'The credentials are in use elsewhere'],
  ['516 device_removed', streamError(516, 'device_removed'), 'LOGGED_OUT', 'The device was removed'],
];

/** Counts the logins of an instance from now on; each would be refused. */
function countLogins({ simulator }: Service, { phone: { phoneNumber } }: Desk) {
  const effect = { do: 'failure', reason: 503 } as const;
  return simulator.inject({ match: { on: 'login', phoneNumber }, effect, times: Infinity });
}

/** Resolves when an instance that goes on by itself has done so often enough for the others to have done it too. */
async function meanwhile(service: Service, witness: Desk): Promise<void> {
  const logins = countLogins(service, witness);
  witness.phone.dropConnections('close');
  await vi.waitFor(() => expect(logins.hits()).toBeGreaterThanOrEqual(4), PATIENCE);
  logins.remove();
}

describe('a disconnect for good', () => {
  test('is shown, is not dialled again, and deletes no secret', async () => {
    await using service = await startService();
    const witness = await service.linked();
    const desks: Desk[] = [];
    for (const _ of CASES) desks.push(await service.linked());
    const secrets = storedSecrets(service);

    for (const [index, [what, make, state, reason]] of CASES.entries()) {
      const desk = desks[index] as Desk;
      await make(service, desk);
      const seen = await viewIn(service, desk, state);
      expect(seen.stateReason).toBe(reason);
      expect(seen.nextAttemptTime !== undefined).toBe(what.includes('until'));
    }
    const logins = desks.map(desk => countLogins(service, desk));
    await meanwhile(service, witness);
    expect(logins.map(login => login.hits())).toEqual(CASES.map(() => 0));

    const now = storedSecrets(service);
    expect(now.credentials).toEqual(secrets.credentials);
    expect(rewritten(secrets, now)).toBeLessThanOrEqual(desks.length + 1);
  });

  test('refuses calls, and outlives the process', async () => {
    await using service = await startService();
    const witness = await service.linked();
    const ENDS = [
      { make: atLogin({ reason: 401 }), state: 'LOGGED_OUT', reason: 'INSTANCE_LOGGED_OUT' },
      { make: atLogin({ reason: 402, expire: 86_400 }), state: 'SUSPENDED', reason: 'INSTANCE_SUSPENDED' },
      { make: streamError(undefined, 'replaced'), state: 'CONFLICT', reason: 'INSTANCE_NOT_CONNECTED' },
      { make: atLogin({ reason: 403 }), state: 'SUSPENDED', reason: 'INSTANCE_SUSPENDED' },
    ] as const;
    const desks: Desk[] = [];
    for (const { make, state, reason } of ENDS) {
      const desk = await service.linked();
      desks.push(desk);
      await make(service, desk);
      await viewIn(service, desk, state);
      const refused = { code: status.FAILED_PRECONDITION, reason };
      const call = service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });
      expect(await failureOf(call)).toMatchObject(refused);
    }

    const logins = desks.map(desk => countLogins(service, desk));
    await service.stop();
    await service.start();
    for (const [index, desk] of desks.slice(0, 3).entries())
      await viewIn(service, desk, ENDS[index]?.state ?? 'LINKING');
    await viewIn(service, witness, 'CONNECTED');
    await meanwhile(service, witness);
    const [loggedOut, banned, conflict, refusedLogins] = logins.map(login => login.hits());
    expect([loggedOut, banned, conflict]).toEqual([0, 0, 0]);
    // Nobody said until when: a start of the service is the occasion to try.
    expect(refusedLogins).toBeGreaterThanOrEqual(1);
  });
});

describe('an instance that WhatsApp logged out or suspended, and that is told to reconnect', () => {
  const ENDS = [
    { failure: { reason: 401 }, state: 'LOGGED_OUT', reason: 'INSTANCE_LOGGED_OUT' },
    { failure: { reason: 403 }, state: 'SUSPENDED', reason: 'INSTANCE_SUSPENDED' },
    { failure: { reason: 402, expire: 86_400 }, state: 'SUSPENDED', reason: 'INSTANCE_SUSPENDED' },
  ] as const;

  test('is connected with the link it had when WhatsApp takes it again, and stays so', async () => {
    await using service = await startService();
    const desks: Desk[] = [];
    for (const { failure, state } of ENDS) {
      const desk = await service.linked();
      desks.push(desk);
      await atLogin(failure)(service, desk);
      const { linkTime } = await viewIn(service, desk, state);
      await reconnect(service, desk);
      expect(await viewIn(service, desk, 'CONNECTED')).toMatchObject({
        linkTime,
        stateReason: '',
        nextAttemptTime: undefined,
      });
      expect(desk.phone.devices()).toMatchObject([{ connected: true }]);
    }
    await service.stop();
    await service.start();
    for (const desk of desks) await viewIn(service, desk, 'CONNECTED');
  });

  test('is tried once, and says so when WhatsApp refuses it again', async () => {
    await using service = await startService();
    const witness = await service.linked();
    const tries: { hits(): number }[] = [];
    for (const { failure, state, reason } of ENDS) {
      const desk = await service.linked();
      await atLogin(failure)(service, desk);
      await viewIn(service, desk, state);
      const { phoneNumber } = desk.phone;
      const effect = { do: 'failure', ...failure } as const;
      const logins = service.simulator.inject({
        match: { on: 'login', phoneNumber },
        effect,
        times: Infinity,
      });
      const refused = await failureOf(reconnect(service, desk));
      expect(refused).toMatchObject({ code: status.FAILED_PRECONDITION, reason });
      await viewIn(service, desk, state);
      tries.push(logins);
    }
    await meanwhile(service, witness);
    expect(tries.map(logins => logins.hits())).toEqual([1, 1, 1]);
  });

  test('is as it was after an attempt that told nothing, and is not tried by itself', async () => {
    await using service = await startService();
    const witness = await service.linked();
    const tries: { hits(): number }[] = [];
    for (const { failure, state } of ENDS) {
      const desk = await service.linked();
      await atLogin(failure)(service, desk);
      const before = await viewIn(service, desk, state);
      const logins = countLogins(service, desk); // Each is refused with 503.
      const failed = await failureOf(reconnect(service, desk));
      expect(failed).toMatchObject({ code: status.UNAVAILABLE, reason: 'WHATSAPP_UNCLEAR' });
      expect(failed.details['google.rpc.ErrorInfo']?.metadata['whatsapp_code']).toBe('503');
      expect(await viewIn(service, desk, state)).toEqual(before);
      tries.push(logins);
    }
    await meanwhile(service, witness);
    expect(tries.map(logins => logins.hits())).toEqual([1, 1, 1]);
  });

  test('keeps the schedule of a ban when the attempt told nothing', async () => {
    await using service = await startService();
    const desk = await service.linked();
    await atLogin({ reason: 402, expire: 4 })(service, desk);
    const { nextAttemptTime } = await viewIn(service, desk, 'SUSPENDED');
    const { phoneNumber } = desk.phone;
    service.simulator.inject({ match: { on: 'login', phoneNumber }, effect: { do: 'failure', reason: 503 } });
    await failureOf(reconnect(service, desk));
    const { lastConnectTime } = await viewIn(service, desk, 'CONNECTED');
    expect(Number(lastConnectTime)).toBeGreaterThanOrEqual(Number(nextAttemptTime));
  });

  test('is told while it is still connecting when the caller has no more time', async () => {
    await using service = await startService();
    const desk = await service.linked();
    await atLogin({ reason: 403 })(service, desk);
    await viewIn(service, desk, 'SUSPENDED');
    const { phoneNumber } = desk.phone;
    const delay = { do: 'delay', ms: 6000 } as const;
    service.simulator.inject({ match: { on: 'login', phoneNumber }, effect: delay });
    const request = { instance: desk.instance };
    const answer = await service.client.call(Instances.reconnectInstance, request, { deadlineMs: 2000 });
    expect(answer.instance?.state).toBe(InstanceState.CONNECTING);
    await viewIn(service, desk, 'CONNECTED');
  });
});

describe('a ban that ends', () => {
  test('is waited out, a little longer than asked for', async () => {
    await using service = await startService();
    const desk = await service.linked();
    const EXPIRE_SECONDS = 3;
    const earliest = Date.now();
    await atLogin({ reason: 402, code: 104, expire: EXPIRE_SECONDS })(service, desk);
    const { nextAttemptTime } = await viewIn(service, desk, 'SUSPENDED');
    const waitMs = 1000 * EXPIRE_SECONDS;
    expect(Number(nextAttemptTime) - earliest).toBeGreaterThanOrEqual(waitMs);
    expect(Number(nextAttemptTime) - Date.now()).toBeLessThanOrEqual(1.1 * waitMs);
    const { lastConnectTime } = await viewIn(service, desk, 'CONNECTED');
    expect(Number(lastConnectTime)).toBeGreaterThanOrEqual(Number(nextAttemptTime));
  });
});

describe('an account whose connection another client took over', () => {
  test('is connected again when somebody asks for it', async () => {
    await using service = await startService();
    const desk = await service.linked();
    await streamError(undefined, 'replaced')(service, desk);
    await viewIn(service, desk, 'CONFLICT');
    await service.client.call(Instances.reconnectInstance, { instance: desk.instance });
    await viewIn(service, desk, 'CONNECTED');
  });
});
