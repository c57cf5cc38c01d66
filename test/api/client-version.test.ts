import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { status } from '@grpc/grpc-js';
import { describe, expect, test, vi } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  NodeServiceService as Nodes,
  GetWhatsAppVersionResponse_Source as Source,
} from '../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { BUILT_IN, versionText } from '../../src/domain/version/client-version.js';
import { failureOf } from '../support/call.js';
import { type Desk, PATIENCE, reconnect, storedSecrets, viewIn, viewOnce } from '../support/desk.js';
import { link } from '../support/link.js';
import { type Service, startService } from '../support/service.js';

const NEWER = BUILT_IN.revision + 40_000;
const OWN = versionText(BUILT_IN);
const text = (revision: number) => versionText({ revision });

const versionOf = ({ client }: Service) => client.call(Nodes.getWhatsAppVersion, {});
/** What the standard health service says of a name: a message of one field. */
const health = ({ client: { client } }: Service, name: string) =>
  new Promise<string | undefined>((resolve, reject) =>
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      (service: string) => Buffer.from([0x0a, service.length, ...Buffer.from(service)]),
      (bytes: Buffer) => ['UNKNOWN', 'SERVING', 'NOT_SERVING'][bytes[1] ?? 0],
      name,
      (error, answer) => (error ? reject(error) : resolve(answer)),
    ),
  );
const backingOff = (service: Service, desk: Desk) =>
  viewOnce(service, desk, ({ nextAttemptTime }) => nextAttemptTime !== undefined);
const settings = (service: Service, { instance }: Desk) =>
  service.client.call(Privacy.getPrivacySettings, { instance });
const events = (service: Service, event: string) =>
  service.log.map(line => JSON.parse(line)).filter(line => line.event === event);

/** What stands in for WhatsApp's web server, and counts who asks. */
async function webServer(revision: number) {
  const web = { revision, status: 200, asked: [] as (string | undefined)[] };
  const server = createServer((request, response) => {
    web.asked.push(request.headers['sec-fetch-site'] as string | undefined);
    response.writeHead(web.status).end(`self.x="{\\"client_revision\\":${web.revision},\\"a\\":1}"`);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sw.js`;
  return Object.assign(web, { url, [Symbol.dispose]: () => void server.close() });
}
type Web = Awaited<ReturnType<typeof webServer>>;
const fetching = ({ url }: Web, mode: string) => ({
  WA_PRIVACY_WHATSAPP_VERSION_FETCH: mode,
  WA_PRIVACY_WHATSAPP_VERSION_URL: url,
});

describe('a client that WhatsApp calls outdated', () => {
  test('dials for no instance, whoever asks, and says why and until when to every caller alike', async () => {
    await using service = await startService();
    const [desk, other] = [await service.linked(), await service.linked()];
    await service.client.call(Instances.createInstance, { name: 'new' });
    const phone = service.simulator.addPhone({ phoneNumber: '15550109999' });
    const secrets = storedSecrets(service);
    expect(await health(service, 'whatsapp')).toBe('SERVING');
    const earliest = Date.now();
    service.simulator.behaviour.minRevision = BUILT_IN.revision + 1;
    const linking = await failureOf(link(service.client, 'new', phone));
    desk.phone.streamError(515);
    other.phone.streamError(515);
    const reason = new RegExp(`^WhatsApp says that this client is outdated \\(${OWN}, \\d+ days old\\)$`);
    for (const each of [desk, other]) {
      const { stateReason, nextAttemptTime } = await backingOff(service, each);
      expect(stateReason).toMatch(reason);
      expect(Number(nextAttemptTime) - earliest).toBeGreaterThanOrEqual(300_000);
      expect(Number(nextAttemptTime) - Date.now()).toBeLessThanOrEqual(300_000);
    }

    const dials = service.simulator.inject({
      match: { on: 'upgrade' },
      effect: { do: 'http', status: 503 },
      times: Infinity,
    });
    const update = { instance: desk.instance, visibility: { lastSeen: 4 } };
    const failures = [
      linking,
      await failureOf(link(service.client, 'new', phone)),
      await failureOf(settings(service, desk)),
      await failureOf(service.client.call(Privacy.updatePrivacySettings, update)),
      await failureOf(reconnect(service, other)),
    ];
    for (const failure of failures) {
      expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: 'CLIENT_OUTDATED' });
      expect(failure.message).toContain('WA_PRIVACY_WHATSAPP_VERSION');
      const { metadata } = failure.details['google.rpc.ErrorInfo'] ?? {};
      expect(metadata).toEqual({
        instance: expect.any(String),
        version: OWN,
        age_days: expect.stringMatching(/^\d+$/),
      });
      expect(failure.details['google.rpc.RetryInfo']?.retryDelay?.seconds).toBeGreaterThan(200n);
    }
    expect(dials.hits()).toBe(0);
    expect(storedSecrets(service)).toEqual(secrets);
    expect(await versionOf(service)).toMatchObject({ version: OWN, source: Source.BUILT_IN, refused: true });
    expect(events(service, 'client_refused')).toHaveLength(1);
    expect(events(service, 'client_refused')[0]).toMatchObject({
      level: 'error',
      reason: expect.stringMatching(reason),
    });
    expect(await health(service, 'whatsapp')).toBe('NOT_SERVING');
    expect(await health(service, '')).toBe('SERVING');
    await viewIn(service, { instance: 'new', phone }, 'UNLINKED');
  });

  test('and cannot link long before: the code is shown, and no phone takes it', async () => {
    await using service = await startService({ simulator: { behaviour: { refresh: 'never' } } });
    service.simulator.behaviour.minLinkRevision = BUILT_IN.revision + 1;
    await service.client.call(Instances.createInstance, { name: 'new' });
    const phone = service.simulator.addPhone({ phoneNumber: '15550109999' });
    const steps = service.client.stream(Instances.linkInstance, {
      instance: 'new',
      method: { $case: 'qr', value: {} },
    });
    for await (const { event } of steps) {
      if (event?.$case !== 'qrCode') continue;
      const tried = await phone.scan(event.value.payload);
      expect(tried).toEqual({ linked: false, reason: 'client_outdated' });
      break;
    }
  });
});

describe('the configured version', () => {
  test('is announced when it is higher than that of the release', async () => {
    await using service = await startService({ env: { WA_PRIVACY_WHATSAPP_VERSION: text(NEWER) } });
    service.simulator.behaviour.minRevision = NEWER;
    const desk = await service.linked();
    await settings(service, desk);
    expect(await versionOf(service)).toMatchObject({ version: text(NEWER), source: Source.CONFIGURED });
    service.simulator.behaviour.minRevision = NEWER + 1;
    desk.phone.streamError(515);
    expect((await backingOff(service, desk)).stateReason).toContain(text(NEWER));
  });

  test('is passed over with a warning when it is lower: last year’s remedy is this year’s fault', async () => {
    const old = text(BUILT_IN.revision - 1);
    await using service = await startService({ env: { WA_PRIVACY_WHATSAPP_VERSION: old } });
    service.simulator.behaviour.minRevision = BUILT_IN.revision;
    await service.linked();
    expect(await versionOf(service)).toMatchObject({ version: OWN, source: Source.BUILT_IN, refused: false });
    const [warning] = events(service, 'version_ignored');
    expect(warning).toMatchObject({ level: 'warn', configured: old, version: OWN });
  });
});

describe('the newest version', () => {
  test('is fetched when WhatsApp refuses the announced one, and tried at once', async () => {
    using web = await webServer(NEWER);
    await using service = await startService({ env: fetching(web, 'when_refused') });
    const [desk, other] = [await service.linked(), await service.linked()];
    expect(web.asked).toEqual([]);
    service.simulator.behaviour.minRevision = NEWER;
    desk.phone.streamError(515);
    other.phone.streamError(515);
    await vi.waitFor(
      async () => expect(await versionOf(service)).toMatchObject({ source: Source.FETCHED, refused: false }),
      PATIENCE,
    );
    await viewIn(service, desk, 'CONNECTED');
    await viewIn(service, other, 'CONNECTED');
    expect(web.asked).toEqual(['none']);
    expect(await versionOf(service)).toMatchObject({
      version: text(NEWER),
      fetchedVersion: text(NEWER),
      ageDays: 0,
    });
    expect(events(service, 'client_accepted')).toHaveLength(1);

    await service.stop();
    await service.start();
    await viewIn(service, desk, 'CONNECTED');
    expect(await versionOf(service)).toMatchObject({ version: text(NEWER), source: Source.FETCHED });
    expect(web.asked).toHaveLength(1);
  });

  test('is asked for once an hour at most, over restarts too, and helps nobody when it is not newer', async () => {
    using web = await webServer(BUILT_IN.revision);
    await using service = await startService({ env: fetching(web, 'when_refused') });
    const desk = await service.linked();
    service.simulator.behaviour.refuseClients = true;
    for (let round = 0; round < 3; round++) {
      if (round > 0) await service.start();
      else desk.phone.streamError(515);
      await backingOff(service, desk);
      await vi.waitFor(() => expect(web.asked.length).toBeGreaterThan(0), PATIENCE);
      await service.stop();
    }
    expect(web.asked).toHaveLength(1);
    await service.start();
    expect(await versionOf(service)).toMatchObject({ version: OWN, fetchedVersion: OWN });
  });

  test.each([
    ['too far ahead', { revision: 1_900_000_000 }, 'too far ahead'],
    ['not told', { status: 400 }, 'HTTP 400'],
  ])('is left alone when it is %s', async (_, answer, why) => {
    using web = await webServer(NEWER);
    Object.assign(web, answer);
    await using service = await startService({ env: fetching(web, 'daily') });
    await service.linked();
    await vi.waitFor(() => expect(events(service, 'version_fetch_failed')).toHaveLength(1), PATIENCE);
    expect(JSON.stringify(events(service, 'version_fetch_failed')[0])).toContain(why);
    expect(await versionOf(service)).toMatchObject({ version: OWN, fetchedVersion: '' });
  });

  test('is fetched every day where that is wanted, and connects nobody later than without', async () => {
    using web = await webServer(NEWER);
    await using service = await startService({ env: fetching(web, 'daily') });
    const desk = await service.linked();
    await vi.waitFor(
      async () => expect(await versionOf(service)).toMatchObject({ source: Source.FETCHED }),
      PATIENCE,
    );
    await settings(service, desk);
    await service.stop();
    await service.start();
    await viewIn(service, desk, 'CONNECTED');
    expect(web.asked).toHaveLength(1);
  });

  test('is not asked for with a simulated WhatsApp, unless told to', async () => {
    using web = await webServer(NEWER);
    const { WA_PRIVACY_WHATSAPP_VERSION_URL } = fetching(web, '');
    await using service = await startService({ env: { WA_PRIVACY_WHATSAPP_VERSION_URL } });
    const desk = await service.linked();
    service.simulator.behaviour.refuseClients = true;
    desk.phone.streamError(515);
    await backingOff(service, desk);
    expect(web.asked).toEqual([]);
  });
});

describe('the end of a version that WhatsApp announces', () => {
  const inDays = (days: number) => Math.trunc(Date.now() / 1000) + days * 86_400;
  const expiry = async (service: Service) => (await versionOf(service)).expireTime?.getTime();

  test('is shown, kept, warned of once, never put off, and withdrawn', async () => {
    await using service = await startService();
    const { behaviour } = service.simulator;
    const desk = await service.linked();
    const relogin = async (told: typeof behaviour.clientExpiration) => {
      behaviour.clientExpiration = told;
      const { lastConnectTime } = await viewIn(service, desk, 'CONNECTED');
      desk.phone.streamError(503);
      await viewOnce(service, desk, seen => Number(seen.lastConnectTime) > Number(lastConnectTime));
    };
    expect(await expiry(service)).toBeUndefined();
    const soon = inDays(20);
    await relogin(soon);
    await vi.waitFor(async () => expect(await expiry(service)).toBe(soon * 1000), PATIENCE);
    expect(events(service, 'version_expires')).toMatchObject([{ level: 'warn', version: OWN }]);

    await relogin(inDays(30));
    await settings(service, desk);
    expect(await expiry(service)).toBe(soon * 1000);
    await service.stop();
    await service.start();
    expect(await expiry(service)).toBe(soon * 1000);

    await viewIn(service, desk, 'CONNECTED');
    const earliest = Date.now();
    await relogin(inDays(-5));
    await vi.waitFor(async () => expect(await expiry(service)).toBeLessThan(soon * 1000), PATIENCE);
    expect(await expiry(service)).toBeGreaterThanOrEqual(earliest + 3 * 86_400_000);
    await settings(service, desk);

    await relogin('withdrawn');
    await vi.waitFor(async () => expect(await expiry(service)).toBeUndefined(), PATIENCE);
    expect(events(service, 'version_expires').length).toBe(2); // Before and after the restart.
  });
});
