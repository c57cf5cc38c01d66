import { type Client, credentials, status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HealthListResponse } from '../../../gen/ts/grpc/health/v1/health.js';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { caller } from '../../support/call.js';
import { certificate } from '../../support/certificate.js';
import { type Api, startApi } from '../support/api.js';
import { snapshot } from '../support/instances.js';
import { invoke } from '../support/invoke.js';

const { getPrivacySettings } = PrivacyServiceService;
const link = { instance: 'desk', method: { $case: 'qr', value: {} } } as const;
const HEALTH = '/grpc.health.v1.Health';
const SERVING = Buffer.from([0x08, 1]);
const NOT_SERVING = Buffer.from([0x08, 2]);
const SERVICE_UNKNOWN = Buffer.from([0x08, 3]);

/** Of one field. */
const nameOfService = (name: string) => Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)]);
const bytes = (value: Buffer) => value;

const checkHealth = (client: Client, service: string) =>
  new Promise<Buffer | number>(resolve => {
    client.makeUnaryRequest(`${HEALTH}/Check`, bytes, bytes, nameOfService(service), (error, answer) =>
      resolve(error ? error.code : (answer ?? Buffer.of())),
    );
  });

function watchHealth(client: Client, service = '') {
  const call = client.makeServerStreamRequest(`${HEALTH}/Watch`, bytes, bytes, nameOfService(service));
  const answers: Buffer[] = [];
  call.on('data', (answer: Buffer) => answers.push(answer));
  call.on('error', () => {});
  const ended = new Promise<number>(resolve => call.on('status', ({ code }) => resolve(code)));
  return { answers, ended };
}

describe('health', () => {
  test('needs no token, and tells of the server and of each service', async () => {
    const { client } = await startApi();
    for (const name of [
      '',
      ...['Privacy', 'Instance', 'Token'].map(one => `whatsapp.privacy.v1.${one}Service`),
    ])
      expect(await checkHealth(client, name)).toEqual(SERVING);
    expect(await checkHealth(client, 'another.Service')).toBe(status.NOT_FOUND);
  });

  test('lists everything that has one', async () => {
    const { client } = await startApi();
    const listed = await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(`${HEALTH}/List`, bytes, bytes, Buffer.of(), (error, answer = Buffer.of()) =>
        error ? reject(error) : resolve(answer),
      );
    });
    const { statuses } = HealthListResponse.decode(listed);
    expect(Object.keys(statuses)).toEqual([
      '',
      ...['Privacy', 'Instance', 'Token', 'Node'].map(one => `whatsapp.privacy.v1.${one}Service`),
      'whatsapp',
      'alive',
    ]);
    expect(new Set(Object.values(statuses).map(one => one.status))).toEqual(new Set([1]));
  });

  test('of a node that is not ready says so, and that it is alive, while calls are answered', async () => {
    let isReady = false;
    const listeners: (() => void)[] = [];
    const readiness = { isReady: () => isReady, onChange: (tell: () => void) => void listeners.push(tell) };
    const api = await startApi({ readiness });
    await api.addInstance('desk');
    const names = ['', 'whatsapp.privacy.v1.PrivacyService', 'whatsapp'];
    const told = () => Promise.all(names.map(name => checkHealth(api.client, name)));
    const [watcher, alive] = [watchHealth(api.client), watchHealth(api.client, 'alive')];
    await expect.poll(() => [watcher.answers, alive.answers]).toEqual([[NOT_SERVING], [SERVING]]);
    expect(await told()).toEqual([NOT_SERVING, NOT_SERVING, NOT_SERVING]);
    expect((await invoke(api, getPrivacySettings, { instance: 'desk' })).code).toBe('OK');
    for (isReady of [true, false]) {
      for (const tell of listeners) tell();
      const health = isReady ? SERVING : NOT_SERVING;
      expect(await told()).toEqual([health, health, health]);
    }
    await expect.poll(() => watcher.answers).toEqual([NOT_SERVING, SERVING, NOT_SERVING]);
    expect(alive.answers).toEqual([SERVING]);
  });

  test('of what WhatsApp refuses says so only while the node is ready for the rest', async () => {
    let isRefused = true;
    const listeners: ((isRefused: boolean) => void)[] = [];
    const refusals = {
      isRefused: () => isRefused,
      onChange: (tell: (isRefused: boolean) => void) => void listeners.push(tell),
    };
    const { client } = await startApi({ refusals });
    const told = async () => [await checkHealth(client, ''), await checkHealth(client, 'whatsapp')];
    expect(await told()).toEqual([SERVING, NOT_SERVING]);
    isRefused = false;
    for (const tell of listeners) tell(isRefused);
    expect(await told()).toEqual([SERVING, SERVING]);
  });

  test('a watch of what there is not stays open and says so', async () => {
    const { client } = await startApi();
    const watcher = watchHealth(client, 'another.Service');
    await expect.poll(() => watcher.answers).toEqual([SERVICE_UNKNOWN]);
  });
});

describe('reflection', () => {
  const ask = (api: Api) =>
    new Promise<{ code: number; answer: string }>(resolve => {
      const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
      const call = api.client.makeBidiStreamRequest(path, bytes, bytes);
      let answer = '';
      call.on('data', (message: Buffer) => {
        answer += message.toString('latin1');
      });
      call.on('error', () => {});
      call.on('status', ({ code }) => resolve({ code, answer }));
      call.write(Buffer.from([0x3a, 0x00])); // list_services: ""
      call.end();
    });

  test('lists the services without a token', async () => {
    const { code, answer } = await ask(await startApi());
    expect(code).toBe(status.OK);
    for (const name of ['PrivacyService', 'InstanceService', 'TokenService'])
      expect(answer).toContain(`whatsapp.privacy.v1.${name}`);
    expect(answer).toContain('grpc.health.v1.Health');
  });

  test('can be switched off', async () => {
    expect((await ask(await startApi({ reflection: 'nobody' }))).code).toBe(status.UNIMPLEMENTED);
  });
});

describe('TLS', () => {
  const { cert, key } = certificate();
  const [ca, pem] = [Buffer.from(cert), Buffer.from(key)];

  const connect = (api: Api, channel: ReturnType<typeof credentials.createSsl>) => {
    const { client, close } = caller(`localhost:${api.port}`, api.secret, {}, channel);
    onTestFinished(close);
    return { client, secret: api.secret };
  };

  test('serves callers who trust the certificate, and none in plain text', async () => {
    const api = await startApi({ tls: { cert: ca, key: pem, clientCa: undefined } });
    await api.addInstance('desk');
    const trusting = connect(api, credentials.createSsl(ca));
    expect((await invoke(trusting, getPrivacySettings, { instance: 'desk' })).code).toBe('OK');
    expect((await invoke(api, getPrivacySettings, { instance: 'desk' })).code).toBe('UNAVAILABLE');
  });

  test('with an authority for callers refuses those without a certificate', async () => {
    const api = await startApi({ tls: { cert: ca, key: pem, clientCa: ca } });
    await api.addInstance('desk');
    const known = connect(api, credentials.createSsl(ca, pem, ca));
    expect((await invoke(known, getPrivacySettings, { instance: 'desk' })).code).toBe('OK');
    const unknown = connect(api, credentials.createSsl(ca));
    expect((await invoke(unknown, getPrivacySettings, { instance: 'desk' })).code).toBe('UNAVAILABLE');
  });
});

describe('listening', () => {
  test('on a port that is taken fails', async () => {
    const api = await startApi();
    await expect(startApi({}, api.address)).rejects.toThrow(`Cannot listen on ${api.address}`);
  });
});

describe('draining', () => {
  /** An API with a read that waits to be let go, and a link that waits for ever. */
  async function busyApi() {
    const api = await startApi();
    await api.addInstance('desk');
    const { promise, resolve: letGo } = Promise.withResolvers<void>();
    const running: string[] = [];
    api.instances.readSettings = async () => {
      running.push('read');
      await promise;
      return snapshot;
    };
    api.instances.link = async function* (_name, _method, { signal }) {
      running.push('link');
      await new Promise(resolve => signal.addEventListener('abort', resolve));
      yield* [];
    };
    return { api, running, letGo };
  }

  test('says so first, ends streams, and lets the other calls finish', async () => {
    const { api, running, letGo } = await busyApi();
    const watcher = watchHealth(api.client);
    await expect.poll(() => watcher.answers).toEqual([SERVING]);
    const read = invoke(api, getPrivacySettings, { instance: 'desk' });
    const linked = invoke(api, InstanceServiceService.linkInstance, link);
    await expect.poll(() => running.length).toBe(2);

    const drained = api.server.drain(30_000);
    const ended = await linked;
    expect(ended.code).toBe('UNAVAILABLE');
    expect(ended.detail('google.rpc.ErrorInfo')?.reason).toBe('SHUTTING_DOWN');
    expect(ended.detailTypes).toContain('google.rpc.RetryInfo');
    expect(ended.metadata.get('grpc-retry-pushback-ms')).toHaveLength(1);
    await watcher.ended;
    expect(watcher.answers).toEqual([SERVING, NOT_SERVING]);

    letGo();
    expect((await read).code).toBe('OK');
    await drained;
  });

  test('cuts after the grace what does not finish', async () => {
    const { api, running } = await busyApi();
    const read = invoke(api, getPrivacySettings, { instance: 'desk' });
    await expect.poll(() => running.length).toBe(1);
    await api.server.drain(100);
    expect(['CANCELLED', 'UNAVAILABLE']).toContain((await read).code);
  });

  test('refuses calls that still arrive', async () => {
    const { api, running, letGo } = await busyApi();
    // A call that is being checked when the shutdown begins.
    const { promise, resolve: check } = Promise.withResolvers<void>();
    let checking = 0;
    const slow = await startApi({
      tokens: {
        ...api.tokens,
        async verify(secret) {
          checking++;
          await promise;
          return api.tokens.verify(secret);
        },
      },
    });
    const late = invoke({ client: slow.client, secret: api.secret }, getPrivacySettings, {
      instance: 'desk',
    });
    await expect.poll(() => checking).toBe(1);
    const drained = slow.server.drain(30_000);
    check();
    const ended = await late;
    expect(ended.code).toBe('UNAVAILABLE');
    expect(ended.detail('google.rpc.ErrorInfo')?.reason).toBe('SHUTTING_DOWN');
    expect(ended.metadata.get('x-ratelimit-limit')).toHaveLength(1);
    expect(running).toEqual([]);
    letGo();
    await drained;
  });
});

test('a message above 64 KiB is refused', async () => {
  const api = await startApi();
  const ended = await invoke(api, getPrivacySettings, { instance: 'a'.repeat(64 * 1024) });
  expect(ended.code).toBe('RESOURCE_EXHAUSTED');
});

test('an unknown method answers UNIMPLEMENTED', async () => {
  const api = await startApi();
  const unknown = { ...getPrivacySettings, path: '/whatsapp.privacy.v1.PrivacyService/GetNothing' };
  expect((await invoke(api, { ...unknown }, {})).code).toBe('UNIMPLEMENTED');
});
