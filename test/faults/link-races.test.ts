import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  InstanceServiceService as Instances,
  Instance_State as State,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { CallError } from '../support/call.js';
import { storedSecrets } from '../support/desk.js';
import { link, QR } from '../support/link.js';
import { type Service, startService } from '../support/service.js';
import { findingsOf, inWords, SEED_IN_WORDS, seedsFor } from './support/findings.js';
import { type Desk, restart } from './support/fleet.js';
import { type Deed, linkRaceOf, type Standing, standingFaults } from './support/link-races.js';

/** Updates with faults for one of these. */
const EVERY = 25;
/** Races at a time. CreateInstance takes only so many calls a minute, which a restart forgets. */
const AT_ONCE = 4;
/** Milliseconds between the service and WhatsApp, in turn. */
const LATENCIES = [0, 60, 300];
const PATIENCE_MS = 40_000;

let service: Service;
beforeAll(async () => {
  service = await startService();
  service.simulator.behaviour.refresh = 'never';
});
afterAll(() => service[Symbol.asyncDispose]());

const onlyRefusals = (error: unknown): undefined => {
  if (error instanceof CallError) return undefined;
  throw error;
};

/** Links as a person would, until the caller leaves; however that ends. */
async function linking({ instance, phone }: Desk, signal: AbortSignal): Promise<void> {
  const scans: Promise<unknown>[] = [];
  try {
    const stream = service.client.stream(
      Instances.linkInstance,
      { instance: instance, method: QR },
      { signal },
    );
    for await (const { event } of stream)
      if (event?.$case === 'qrCode') scans.push(phone.scan(event.value.payload));
  } catch (error) {
    onlyRefusals(error);
  }
  await Promise.all(scans);
}

function act(desk: Desk, deed: Deed, leaving: AbortController[]): Promise<unknown> {
  const { client } = service;
  const name = desk.instance;
  switch (deed) {
    case 'link': {
      const leave = new AbortController();
      leaving.push(leave);
      return linking(desk, leave.signal);
    }
    case 'leave':
      for (const leave of leaving) leave.abort();
      return Promise.resolve();
    case 'unlink':
      return client.call(Instances.unlinkInstance, { instance: name }).catch(onlyRefusals);
    case 'delete':
      return client.call(Instances.deleteInstance, { instance: name }).catch(onlyRefusals);
    case 'create':
      return client.call(Instances.createInstance, { name }).catch(onlyRefusals);
    case 'reconnect':
      return client.call(Instances.reconnectInstance, { instance: name }).catch(onlyRefusals);
    case 'remove on phone':
      for (const { device } of desk.phone.devices()) desk.phone.removeDevice(device);
      return Promise.resolve();
  }
}

async function standingOf({ instance, phone }: Desk): Promise<Standing> {
  const found = await service.client.call(Instances.getInstance, { instance: instance }).catch(onlyRefusals);
  const devices = phone.devices();
  return {
    state: found?.instance?.state,
    devices: devices.length,
    connected: devices.filter(({ connected }) => connected).length,
    hasSecrets: storedSecrets(service).credentials.some(row => row.instance === instance),
  };
}

/** What is wrong for good. */
async function lastingFaults(desk: Desk): Promise<string[]> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const standing = await standingOf(desk);
    const faults = standingFaults(standing);
    if (faults.length === 0 || Date.now() > end) return faults;
    await wait(100);
  }
}

/** What it is good for afterwards: another link, and one connection that is its only one. */
async function faultsOfUse(desk: Desk): Promise<string[]> {
  const { instance, phone } = desk;
  const { state } = await standingOf(desk);
  if (state === undefined) await service.client.call(Instances.createInstance, { name: instance });
  if (state !== State.CONNECTED) await link(service.client, instance, phone);
  const logins = service.simulator.inject({
    match: { on: 'login', phoneNumber: phone.phoneNumber },
    effect: { do: 'delay', ms: 0 },
    times: Number.POSITIVE_INFINITY,
  });
  phone.dropConnections('close');
  await expect.poll(() => logins.hits(), { timeout: PATIENCE_MS }).toBeGreaterThan(0);
  const faults = await lastingFaults(desk);
  await service.client.call(Privacy.getPrivacySettings, { instance });
  if (logins.hits() > 1) faults.push(`it logged in ${logins.hits()} times after one connection had ended`);
  logins.remove();
  return faults;
}

async function findingOf(seed: number): Promise<string | undefined> {
  const drawn = linkRaceOf(seed);
  const desk = {
    instance: `race-${seed}`,
    phone: service.simulator.addPhone({ phoneNumber: numberOf(seed) }),
  };
  await service.client.call(Instances.createInstance, { name: desk.instance });
  if (drawn.isLinked) await link(service.client, desk.instance, desk.phone);
  const leaving: AbortController[] = [];
  const deeds = drawn.deeds.map(async ({ at, deed }) => {
    await wait(at);
    await act(desk, deed, leaving);
  });
  await Promise.all(deeds);
  const faults = await lastingFaults(desk);
  if (faults.length === 0) faults.push(...(await faultsOfUse(desk)));
  await service.client.call(Instances.deleteInstance, { instance: desk.instance });
  return faults.length > 0 ? `${faults.join('; ')}\n    ${inWords(drawn)}` : undefined;
}

/** A phone number of its own for each race. */
const numberOf = (seed: number) => `1555${String(seed % 10_000_000).padStart(7, '0')}`;

test(`an instance that is linked, unlinked and deleted at once is one thing on all sides in the end (${SEED_IN_WORDS})`, async () => {
  const findings: string[] = [];
  const seeds = seedsFor(EVERY);
  for (let round = 0; round * AT_ONCE < seeds.length; round++) {
    service.simulator.behaviour.latencyMs = LATENCIES[round % LATENCIES.length] ?? 0;
    const now = seeds.slice(round * AT_ONCE, (round + 1) * AT_ONCE);
    findings.push(...(await findingsOf(now, now, (_, seed) => findingOf(seed))));
    await restart(service);
  }
  expect(findings).toEqual([]);
});
