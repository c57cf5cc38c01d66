import { setTimeout as sleep } from 'node:timers/promises';
import { InstanceServiceService as Instances } from '../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { parseAssignments } from '../src/cli/assignments.js';
import { encodeSettings } from '../src/cli/setting-values.js';
import { type Stage, setStage } from '../src/demo/stage.js';
import type { Session } from '../src/instances/ports.js';
import { sqliteStore } from '../src/stores/sqlite.js';
import { whatsApp } from '../src/whatsapp/index.js';

export const ROUNDS = 7;
const LATENCY_MS = 100;
/** Older than this, a snapshot is read again before an update. */
const NO_LONGER_FRESH_MS = 3100;

/** What one way of changing seven settings cost, round by round. */
export type Series = { ms: number[]; stanzas: number };
export type Figures = { sequential: Series; cold: Series; fresh: Series; unchanged: Series };

const NARROW = [
  'last_seen=none',
  'status=none',
  'profile=none',
  'online=match_last_seen',
  'read_receipts=none',
  'call_add=known',
  'group_add=contacts',
];
const WIDE = [
  'last_seen=all',
  'status=all',
  'profile=all',
  'online=all',
  'read_receipts=all',
  'call_add=all',
  'group_add=all',
];

/** Times the service's update against the same stanzas one after another on a connection of the same kind. */
export async function updateFigures(): Promise<Figures> {
  const stage = await setStage();
  await linkService(stage);
  const session = await bareSession(stage);
  stage.simulator.behaviour.latencyMs = LATENCY_MS;

  const figures: Figures = { sequential: none(), cold: none(), fresh: none(), unchanged: none() };
  for (let round = 0; round < ROUNDS; round++) {
    await time(stage, figures.sequential, () => oneAfterAnother(session, round % 2 ? WIDE : NARROW));
    await sleep(NO_LONGER_FRESH_MS);
    await time(stage, figures.cold, () => update(stage, NARROW));
    await time(stage, figures.unchanged, () => update(stage, NARROW));
    await time(stage, figures.fresh, () => update(stage, WIDE));
  }
  await session.close();
  await stage.clear();
  return figures;
}

const none = (): Series => ({ ms: [], stanzas: 0 });

async function time(stage: Stage, series: Series, work: () => Promise<unknown>): Promise<void> {
  stage.takeStanzas();
  const started = performance.now();
  await work();
  series.ms.push(performance.now() - started);
  const { reads, changes } = stage.takeStanzas();
  series.stanzas = reads + changes;
}

const update = ({ api }: Stage, assignments: string[]) =>
  api.call(Privacy.updatePrivacySettings, {
    ...Privacy.updatePrivacySettings.requestDeserialize(Buffer.of()),
    instance: 'bench',
    ...encodeSettings(parseAssignments(assignments)),
  });

async function oneAfterAnother(session: Session, assignments: string[]): Promise<void> {
  for (const [setting, value] of parseAssignments(assignments)) {
    const reply = await session.setPrivacy(setting, value, 10_000);
    if (reply.kind !== 'confirmed') throw new Error(`not confirmed: ${reply.kind}`);
  }
  await session.readPrivacy(10_000);
}

async function linkService({ api, phone }: Stage): Promise<void> {
  await api.call(Instances.createInstance, {
    name: 'bench',
    displayName: '',
    connectionMode: 0,
    requestId: '',
  });
  const request = { name: 'bench', method: { $case: 'qr', value: {} } } as const;
  for await (const { event } of api.stream(Instances.linkInstance, request))
    if (event?.$case === 'qrCode') void phone.scan(event.value.payload);
}

/** A connection of another account, without the service around it. */
async function bareSession({ simulator }: Stage): Promise<Session> {
  const phone = simulator.addPhone({ phoneNumber: '15550100999' });
  const store = await sqliteStore({ file: ':memory:', masterKey: Buffer.alloc(32, 1) });
  const log = { stanzaRefused() {}, taskFailed() {} };
  const adapter = whatsApp({
    url: simulator.url,
    rootKey: simulator.rootKey,
    credentials: store.credentials,
    log,
  });
  await store.instances.create({
    name: 'bare',
    displayName: '',
    status: 'unlinked',
    statusReason: '',
    phoneNumber: '',
    createTime: new Date(),
    linkTime: undefined,
    lastConnectTime: undefined,
    retryTime: undefined,
    connectionMode: undefined,
  });
  const { signal } = new AbortController();
  const linked = await adapter.link(
    'bare',
    { kind: 'qr' },
    {
      signal,
      expectedPhoneNumber: undefined,
      onCode: ({ code }) => void phone.scan(code),
    },
  );
  if (linked.kind !== 'linked') throw new Error(`not linked: ${linked.kind}`);
  const opened = await adapter.connect('bare', { signal, onPrivacyPush() {} });
  if (opened.kind !== 'open') throw new Error(opened.disconnect.text);
  return opened.session;
}
