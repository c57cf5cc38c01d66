import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { NodeServiceService as Nodes } from '../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { BUILT_IN, versionText } from '../../src/domain/version/client-version.js';
import { bearer, failureOf } from '../support/call.js';
import { certificate } from '../support/certificate.js';
import { type Desk, PATIENCE, viewIn, viewOnce } from '../support/desk.js';
import { link } from '../support/link.js';
import { httpProxy, httpsProxy, PASSWORD, type ProxyServer, socksProxy, USER } from '../support/proxies.js';
import { type Service, startService } from '../support/service.js';

const settings = ({ client }: Service, { instance }: Pick<Desk, 'instance'>) =>
  client.call(Privacy.getPrivacySettings, { instance });
const setProxy = ({ client }: Service, { instance }: Pick<Desk, 'instance'>, proxy: string) =>
  client.call(Instances.updateInstance, { instance: instance, proxy });
const dialsOf = (service: Service) =>
  service.simulator.inject({
    match: { on: 'upgrade' },
    effect: { do: 'http', status: 503 },
    times: Infinity,
  });
const portOf = (service: Service) => new URL(service.simulator.url).port;

/** Whether the proxy failed, in the instance's words and to a caller. */
async function failing(service: Service, desk: Pick<Desk, 'instance'>, why: string) {
  const view = () => service.client.call(Instances.getInstance, { instance: desk.instance });
  await vi.waitFor(async () => expect((await view()).instance?.stateReason).toBe(why), PATIENCE);
  const failure = await failureOf(
    service.client.call(Privacy.getPrivacySettings, { instance: desk.instance }, { deadlineMs: 700 }),
  );
  return failure;
}

describe.each([
  ['HTTP', httpProxy],
  ['SOCKS5', socksProxy],
] as const)('a proxy (%s) of an instance', (kind, startProxy) => {
  let proxy: ProxyServer;
  let service: Service;
  beforeEach(async () => {
    proxy = await startProxy();
    service = await startService();
  });
  afterEach(async () => {
    await service[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  /** An instance that is linked through the proxy. */
  async function linkedThrough(): Promise<Desk> {
    const phone = service.simulator.addPhone({ phoneNumber: '15550120001' });
    await service.client.call(Instances.createInstance, { name: 'behind', proxy: proxy.url });
    await link(service.client, 'behind', phone);
    return { instance: 'behind', phone };
  }

  test('is the way of its link and of its logins, and of nobody else’s', async () => {
    const target = `127.0.0.1:${portOf(service)}`;
    const desk = await linkedThrough();
    expect(proxy.tunnels).toEqual([target, target]);
    await settings(service, desk);
    await service.linked();
    expect(proxy.tunnels).toHaveLength(2);
    desk.phone.streamError(515);
    await vi.waitFor(() => expect(proxy.tunnels).toHaveLength(3), PATIENCE);
    await service.stop();
    await service.start();
    await viewIn(service, desk, 'CONNECTED');
    expect(proxy.tunnels).toHaveLength(4);
    expect(proxy.refused).toBe(0);
  });

  test('is shown without user and password, and stands nowhere else', async () => {
    const { instance } = await service.client.call(Instances.createInstance, {
      name: 'behind',
      proxy: proxy.url,
    });
    expect(instance?.proxy).toBe(proxy.address);
    const { instances } = await service.client.call(Instances.listInstances, {});
    expect(instances.map(one => one.proxy)).toEqual([proxy.address]);
    proxy.mode = 'refusing';
    const phone = service.simulator.addPhone({ phoneNumber: '15550120001' });
    await failureOf(link(service.client, 'behind', phone));
    await service.stop();
    const files = readdirSync(service.dataDir).map(name =>
      readFileSync(join(service.dataDir, name), 'latin1'),
    );
    const secrets = [
      PASSWORD,
      encodeURIComponent(PASSWORD),
      Buffer.from(`${USER}:${PASSWORD}`).toString('base64'),
    ];
    for (const text of [...files, ...service.log])
      for (const secret of secrets) expect(text.includes(secret)).toBe(false);
    await service.start();
  });

  test('that fails leads to no connection at all, and says so', async () => {
    const desk = await linkedThrough();
    const dials = dialsOf(service);
    proxy.mode = 'refusing';
    proxy.drop();
    const why =
      kind === 'HTTP'
        ? 'The proxy refused the connection (HTTP 502)'
        : 'The proxy failed (Socks5 proxy rejected connection - NotAllowed)';
    const failure = await failing(service, desk, why);
    expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: 'PROXY_FAILED' });
    expect(failure.details['google.rpc.ErrorInfo']?.metadata).toEqual({
      instance: 'behind',
      proxy_text: why,
    });
    expect(failure.details['google.rpc.RetryInfo']?.retryDelay).toBeDefined();
    expect(proxy.refused).toBeGreaterThan(0);
    expect(dials.hits()).toBe(0);
    dials.remove();
    proxy.mode = 'honest';
    await viewIn(service, desk, 'CONNECTED');
    expect(proxy.tunnels).toHaveLength(3);
  });

  test('that is not there, or does not know the password, is not gone past either', async () => {
    const dials = dialsOf(service);
    const wrong = proxy.url.replace(encodeURIComponent(PASSWORD), 'wrong');
    await using gone = await startProxy();
    await gone[Symbol.asyncDispose]();
    const told: string[] = [];
    for (const [name, url] of Object.entries({ wrong, gone: gone.url })) {
      const phone = service.simulator.addPhone({ phoneNumber: `1555012000${told.length + 2}` });
      await service.client.call(Instances.createInstance, { name, proxy: url });
      const failure = await failureOf(link(service.client, name, phone));
      expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: 'PROXY_FAILED' });
      told.push(failure.details['google.rpc.ErrorInfo']?.metadata['proxy_text'] ?? '');
      await viewIn(service, { instance: name, phone }, 'UNLINKED');
    }
    expect(told).toEqual([
      kind === 'HTTP'
        ? 'The proxy refused the connection (HTTP 407)'
        : 'The proxy failed (Socks5 Authentication failed)',
      'The proxy failed (ECONNREFUSED)',
    ]);
    expect([dials.hits(), proxy.tunnels]).toEqual([0, []]);
  });

  test('is taken and left at once, also by an instance that is connected', async () => {
    const desk = await service.linked();
    const through = await setProxy(service, desk, proxy.url);
    expect(through.instance?.proxy).toBe(proxy.address);
    await vi.waitFor(() => expect(proxy.tunnels).toHaveLength(1), PATIENCE);
    await viewIn(service, desk, 'CONNECTED');
    await settings(service, desk);
    expect((await setProxy(service, desk, '')).instance?.proxy).toBe('');
    await viewOnce(
      service,
      desk,
      seen => Number(seen.lastConnectTime) > Number(through.instance?.lastConnectTime),
    );
    await proxy[Symbol.asyncDispose]();
    await settings(service, desk);
    expect(proxy.tunnels).toHaveLength(1);
  });
});

describe('a proxy behind TLS', () => {
  const trusted = getCACertificates('default');
  afterEach(() => setDefaultCACertificates(trusted));

  test('is the way where its certificate is trusted, and there is none where it is not', async () => {
    await using proxy = await httpsProxy();
    await using service = await startService();
    const phone = service.simulator.addPhone({ phoneNumber: '15550120001' });
    await service.client.call(Instances.createInstance, { name: 'behind', proxy: proxy.url });
    const dials = dialsOf(service);
    const failure = await failureOf(link(service.client, 'behind', phone));
    expect(failure).toMatchObject({ reason: 'PROXY_FAILED' });
    expect(failure.message).toContain('The proxy failed (DEPTH_ZERO_SELF_SIGNED_CERT)');
    expect(dials.hits()).toBe(0);
    dials.remove();

    setDefaultCACertificates([...trusted, certificate().cert]);
    await link(service.client, 'behind', phone);
    expect(proxy.tunnels).toHaveLength(2);
  });
});

describe('the token of an instance', () => {
  test('does not set its proxy, for that makes the service connect to wherever it says', async () => {
    await using proxy = await httpProxy();
    await using service = await startService();
    const { secret } = await service.client.call(Instances.createInstance, { name: 'desk' });
    for (const to of [proxy.url, '']) {
      const request = { instance: 'desk', displayName: 'Desk', proxy: to };
      const call = service.client.call(Instances.updateInstance, request, { metadata: bearer(secret) });
      expect(await failureOf(call)).toMatchObject({
        code: status.PERMISSION_DENIED,
        reason: 'SCOPE_DENIED',
      });
    }
    const { instance } = await service.client.call(Instances.getInstance, { instance: 'desk' });
    expect(instance).toMatchObject({ proxy: '', displayName: '' });
  });
});

describe('a stored proxy that cannot be read any more', () => {
  test('is not taken for none', async () => {
    await using service = await startService();
    const desk = await service.linked();
    await setProxy(service, desk, 'http://127.0.0.1:9');
    await service.stop();
    const { default: Database } = await import('better-sqlite3');
    const database = new Database(join(service.dataDir, 'wa-privacy.db'));
    database.prepare('update instance set sealed_proxy = ?').run(Buffer.alloc(60, 1));
    database.close();
    const dials = dialsOf(service);
    await service.start();
    const why = 'The proxy that is set for the instance cannot be read; set it again';
    expect(await failing(service, desk, why)).toMatchObject({
      reason: 'PROXY_FAILED',
    });
    expect(
      (await service.client.call(Instances.getInstance, { instance: desk.instance })).instance?.proxy,
    ).toBe('unreadable');
    expect(dials.hits()).toBe(0);
  });
});

describe('the proxy of the service', () => {
  test('is the way of every instance without its own, and of the look for a newer version', async () => {
    const NEWER = BUILT_IN.revision + 5000;
    const web = createServer((_, response) => response.end(`\\"client_revision\\":${NEWER}`));
    await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve));
    const webPort = (web.address() as AddressInfo).port;
    await using proxy = await socksProxy();
    await using own = await httpProxy();
    await using service = await startService({
      env: {
        WA_PRIVACY_PROXY: proxy.url,
        WA_PRIVACY_WHATSAPP_VERSION_FETCH: 'daily',
        WA_PRIVACY_WHATSAPP_VERSION_URL: `http://127.0.0.1:${webPort}/sw.js`,
      },
    });
    await vi.waitFor(async () => {
      const { version } = await service.client.call(Nodes.getWhatsAppVersion, {});
      expect(version).toBe(versionText({ revision: NEWER }));
    }, PATIENCE);
    expect(proxy.tunnels).toEqual([`127.0.0.1:${webPort}`]);
    await service.linked();
    expect(proxy.tunnels.slice(1)).toEqual(Array(2).fill(`127.0.0.1:${portOf(service)}`));
    await service.client.call(Instances.createInstance, { name: 'own', proxy: own.url });
    await link(service.client, 'own', service.simulator.addPhone({ phoneNumber: '15550120001' }));
    expect([proxy.tunnels.length, own.tunnels.length]).toEqual([3, 2]);
    expect(
      service.log.filter(line => line.includes('proxy_used')).map(line => JSON.parse(line).proxy),
    ).toEqual([proxy.address]);
    expect(service.log.join('\n')).not.toContain(encodeURIComponent(PASSWORD));
    web.close();
  });

  test('that fails keeps the look for a newer version from being taken', async () => {
    let asked = 0;
    const web = createServer((_, response) => void response.end(`${asked++}`));
    await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve));
    await using proxy = await httpProxy();
    proxy.mode = 'refusing';
    await using service = await startService({
      env: {
        WA_PRIVACY_PROXY: proxy.url,
        WA_PRIVACY_WHATSAPP_VERSION_FETCH: 'daily',
        WA_PRIVACY_WHATSAPP_VERSION_URL: `http://127.0.0.1:${(web.address() as AddressInfo).port}/sw.js`,
      },
    });
    await vi.waitFor(() => expect(service.log.join('\n')).toContain('version_fetch_failed'), PATIENCE);
    expect([asked, proxy.refused]).toEqual([0, 1]);
    web.close();
  });
});
