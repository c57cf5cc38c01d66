import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility as LastSeen } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { LIMITS } from '../../src/limits.js';
import { CallError, type Caller, caller, OWN_CONNECTION } from '../support/call.js';
import { ACCOUNT_TOKEN, type Service, startService, takePrivacyStanzas } from '../support/service.js';

const { changes, reads } = LIMITS.instance;
const SURPLUS = 20;
/** More would wait in the client for a stream. */
const CALLS_PER_CONNECTION = 100;

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;
let callers: Caller[];

beforeEach(async () => {
  service = await startService();
  desk = await service.linked();
  await expect.poll(() => takePrivacyStanzas(service)).toEqual(['get']);
  callers = [];
});
afterEach(async () => {
  for (const { close } of callers) close();
  await service[Symbol.asyncDispose]();
});

/** Connections for so many calls at once, each of them open. */
async function connections(calls: number): Promise<void> {
  const count = Math.ceil(calls / CALLS_PER_CONNECTION);
  callers = Array.from({ length: count }, () => caller(service.address, ACCOUNT_TOKEN, OWN_CONNECTION));
  await Promise.all(callers.map(({ call }) => call(Instances.listInstances, {})));
}

/** So many calls at once, over these connections. */
const together = <R>(count: number, call: (client: Caller, index: number) => Promise<R>): Promise<R>[] =>
  Array.from({ length: count }, (_, index) => {
    const client = callers[Math.floor(index / CALLS_PER_CONNECTION)];
    if (!client) throw new Error('too few connections');
    return call(client, index);
  });

/** How often each way to end occurs. */
async function tally(calls: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const ends: Record<string, number> = {};
  for (const call of await Promise.allSettled(calls)) {
    const end = call.status === 'fulfilled' ? 'OK' : ((call.reason as CallError).reason ?? 'unknown');
    ends[end] = (ends[end] ?? 0) + 1;
  }
  return ends;
}

const update = ({ call }: Caller, instance: string, lastSeen: LastSeen) =>
  call(Privacy.updatePrivacySettings, { instance, visibility: { lastSeen } }, { deadlineMs: 110_000 });
const read = ({ call }: Caller, instance: string) => call(Privacy.getPrivacySettings, { instance });
const refusals = (calls: readonly Promise<unknown>[]): CallError[] => {
  const refused: CallError[] = [];
  for (const call of calls)
    call.catch((error: unknown) => {
      if (error instanceof CallError && error.code === status.RESOURCE_EXHAUSTED) refused.push(error);
    });
  return refused;
};

describe('when WhatsApp falls silent', () => {
  test('exactly the changes beyond the bound are refused, and the others have their turn', async () => {
    await connections(changes + SURPLUS);
    const silence = service.simulator.inject({
      match: { on: 'iq', xmlns: 'privacy' },
      effect: { do: 'silence' },
      times: Infinity,
    });
    const values = [LastSeen.NONE, LastSeen.CONTACTS];
    const calls = together(changes + SURPLUS, (client, index) =>
      update(client, desk.instance, values[index % 2] as LastSeen),
    );
    const refused = refusals(calls);
    await expect.poll(() => refused).toHaveLength(SURPLUS);
    const ofFirst = takePrivacyStanzas(service);
    expect(ofFirst.filter(stanza => stanza.startsWith('set')).length).toBeLessThanOrEqual(1);

    // What the first one sent is never answered; whatever follows is.
    silence.remove();
    expect(await tally(calls)).toEqual({ OK: changes - 1, PARTIAL_UPDATE: 1, RATE_LIMITED: SURPLUS });
    const sets = takePrivacyStanzas(service).filter(stanza => stanza.startsWith('set'));
    expect(sets.length).toBeLessThan(changes);

    for (const { message, details, metadata, update } of refused) {
      expect(message).toBe('More than 100 changes of the instance at once; call again when one has ended');
      expect(Object.keys(details).sort()).toEqual([
        'google.rpc.ErrorInfo',
        'google.rpc.QuotaFailure',
        'google.rpc.RequestInfo',
        'google.rpc.RetryInfo',
        'whatsapp.privacy.v1.PrivacyUpdateFailure',
      ]);
      expect(details['google.rpc.ErrorInfo']).toMatchObject({ metadata: { limit: '100' } });
      expect(details['google.rpc.QuotaFailure']?.violations[0]?.subject).toBe(`instance:${desk.instance}`);
      expect(details['google.rpc.RetryInfo']?.retryDelay).toEqual({ seconds: 1n, nanos: 0 });
      expect(metadata.get('grpc-retry-pushback-ms')).toEqual(['1000']);
      expect(update?.outcomes.map(({ state }) => state)).toEqual([State.NOT_ATTEMPTED]);
    }
    await update(service.client, desk.instance, LastSeen.ALL);
  });

  test('exactly the reads beyond the bound are refused, and other instances are read meanwhile', async () => {
    const other = await service.linked();
    await read(service.client, other.instance);
    await connections(reads + SURPLUS);
    const { phoneNumber } = desk.phone;
    service.simulator.inject({
      match: { on: 'privacy_get', phoneNumber },
      effect: { do: 'silence' },
      times: Infinity,
    });
    const calls = together(reads + SURPLUS, client => read(client, desk.instance));
    const refused = refusals(calls);
    await expect.poll(() => refused).toHaveLength(SURPLUS);
    await read(service.client, other.instance);
    // What is known waits for nothing, and needs no place.
    const maxAge = { seconds: 3600n, nanos: 0 };
    await service.client.call(Privacy.getPrivacySettings, { instance: desk.instance, maxAge });
    expect(await tally(calls)).toEqual({ WHATSAPP_TIMEOUT: reads, RATE_LIMITED: SURPLUS });

    service.simulator.clearFaults();
    await read(service.client, desk.instance);
  });
});
