import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  InstanceServiceService as Instances,
  Instance_State as State,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { type Simulator, startSimulator } from '../../src/simulator/index.js';
import { caller } from '../support/call.js';
import { link } from '../support/link.js';
import { ACCOUNT_TOKEN } from '../support/service.js';
import { type Held, type ServiceUnderLoad, serviceUnderLoad } from './support/held.js';
import { load } from './support/load.js';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 10);
/** Caches fill, code is compiled, and the heap finds its size, which takes some two minutes of load. */
const WARM_UP = 0.25;
const SAMPLES = 60;
/** Samples that make up a level. */
const LEVEL = 5;
const GROWTH = 1.1;
/** CreateInstance takes 20 calls a minute, and the load makes some of its own. */
const DESKS = 12;
const PEOPLE = Array.from({ length: 20 }, (_, index) => `1555990${String(index).padStart(4, '0')}`);
/** Baileys leaves a timer this long behind each upload of keys, the last of which follows the linking. */
const UPLOAD_MS = 31_000;

let simulator: Simulator;
let folder: string;
let service: ServiceUnderLoad;

beforeEach(async () => {
  simulator = await startSimulator();
  folder = mkdtempSync(join(tmpdir(), 'wa-privacy-soak-'));
  service = await serviceUnderLoad({
    WA_PRIVACY_LISTEN: '127.0.0.1:0',
    WA_PRIVACY_DATA_DIR: folder,
    WA_PRIVACY_ACCOUNT_TOKEN: ACCOUNT_TOKEN,
    WA_PRIVACY_RATE_LIMIT_PER_MINUTE: '100000',
    WA_PRIVACY_SETS_PER_HOUR: '0',
    WA_PRIVACY_READS_PER_HOUR: '0',
    WA_PRIVACY_LOOKUPS_PER_HOUR: '0',
    WA_PRIVACY_LINKS_PER_HOUR: '0',
    WA_PRIVACY_NUMBER_LINKS_PER_HOUR: '0',
    WA_PRIVACY_NODE_LINKS_PER_HOUR: '0',
    WA_PRIVACY_WHATSAPP_URL: simulator.url,
    WA_PRIVACY_WHATSAPP_ROOT_KEY: simulator.rootKey,
  });
});
afterEach(async () => {
  await service.stop();
  await simulator.stop();
  rmSync(folder, { recursive: true });
});

test('under mixed load memory stays where it is after the warm-up, and nothing is left of it', async () => {
  const desks = await linkedDesks();
  await wait(UPLOAD_MS);
  const before = await service.held();

  const { done, stop } = load({
    address: service.address,
    token: ACCOUNT_TOKEN,
    simulator,
    desks,
    unlinked: 'unlinked',
    people: PEOPLE,
  });
  const series: Held[] = [];
  for (let sample = 1; sample <= SAMPLES; sample++) {
    await wait((MINUTES * 60_000) / SAMPLES);
    const held = await service.held();
    series.push(held);
    const minutes = ((sample * MINUTES) / SAMPLES).toFixed(1);
    console.log(`${minutes} min: ${inWords(held)}; ${done.acts} acts, of which ${done.failures} failed`);
  }
  await stop();

  for (const what of ['heap', 'rss'] as const) {
    const warm = series.slice(SAMPLES * WARM_UP).map(held => held[what]);
    const [level, most] = [median(warm.slice(0, LEVEL)), Math.max(...warm)];
    console.log(`${what}: ${mb(level)} after the warm-up, then ${mb(most)} at most`);
    expect(most, `the most ${what}`).toBeLessThan(level * GROWTH);
  }
  await reconnected(desks.map(({ instance }) => instance));
  await expect
    .poll(async () => left(await service.held()), { timeout: 120_000, interval: 1000 })
    .toEqual(left(before));
});

async function linkedDesks() {
  for (const phoneNumber of PEOPLE) simulator.addPerson({ phoneNumber });
  const client = caller(service.address, ACCOUNT_TOKEN);
  const desks = await Promise.all(
    Array.from({ length: DESKS }, async (_, index) => {
      const instance = `desk-${index}`;
      const phone = simulator.addPhone({ phoneNumber: `1555010${String(index).padStart(4, '0')}` });
      await client.call(Instances.createInstance, { name: instance });
      await link(client, instance, phone);
      return { instance, phone };
    }),
  );
  await client.call(Instances.createInstance, { name: 'unlinked' });
  client.close();
  return desks;
}

/** Whatever wait the load has put on them. */
async function reconnected(names: readonly string[]) {
  const { call, close } = caller(service.address, ACCOUNT_TOKEN);
  const stateOf = async (name: string) => {
    await call(Instances.reconnectInstance, { instance: name }).catch(() => undefined);
    const { instance } = await call(Instances.getInstance, { instance: name });
    return `${State[instance?.state ?? 0]} ${instance?.stateReason}`.trim();
  };
  await expect
    .poll(() => Promise.all(names.map(stateOf)), { timeout: 120_000, interval: 1000 })
    .toEqual(names.map(() => 'CONNECTED'));
  close();
}

/** What a process has open, each kind with its number. */
function left({ files, resources }: Held): Record<string, number> {
  const counts: Record<string, number> = { files };
  for (const kind of resources) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

const inWords = ({ heap, rss, files }: Held) => `heap ${mb(heap)}, RSS ${mb(rss)}, ${files} files`;
const mb = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MB`;
const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
