import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { caller } from '../../support/call.js';
import { callersCa, certificate, otherCertificate, type Pair } from '../../support/certificate.js';
import { type Api, startApi } from '../support/api.js';
import { invoke } from '../support/invoke.js';

const { listInstances } = InstanceServiceService;
const pem = ({ cert, key }: Pair, clientCa?: string) => ({
  cert: Buffer.from(cert),
  key: Buffer.from(key),
  clientCa: clientCa === undefined ? undefined : Buffer.from(clientCa),
});
const OLD = certificate();
const RENEWED = otherCertificate('renewed');

/** The official client, with a connection of its own. */
function clientOf(api: Api, trusted: Pair, own?: Pair) {
  const [key, cert] = own ? [Buffer.from(own.key), Buffer.from(own.cert)] : [null, null];
  const channel = credentials.createSsl(Buffer.from(trusted.cert), key, cert);
  const options = { 'grpc.use_local_subchannel_pool': 1 };
  const { client, close } = caller(`localhost:${api.port}`, api.secret, options, channel);
  onTestFinished(close);
  return async () => (await invoke({ client, secret: api.secret }, listInstances, {})).code;
}

describe('a suite', () => {
  async function agreed(options: { ciphers: string; maxVersion: 'TLSv1.2' | 'TLSv1.3' }): Promise<string> {
    const api = await startApi({ tls: pem(OLD) });
    const socket: TLSSocket = connect({
      port: api.port,
      host: 'localhost',
      ca: OLD.cert,
      ALPNProtocols: ['h2'],
      minVersion: options.maxVersion,
      ...options,
    });
    onTestFinished(() => void socket.destroy());
    try {
      await once(socket, 'secureConnect');
      return socket.getCipher().standardName;
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  test.each([
    ['TLS_AES_128_GCM_SHA256', 'TLSv1.3', 'TLS_AES_128_GCM_SHA256'],
    ['TLS_CHACHA20_POLY1305_SHA256', 'TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256'],
    ['ECDHE-ECDSA-AES128-GCM-SHA256', 'TLSv1.2', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
    ['ECDHE-ECDSA-CHACHA20-POLY1305', 'TLSv1.2', 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'],
  ] as const)('with authenticated encryption is taken: %s', async (ciphers, maxVersion, name) => {
    expect(await agreed({ ciphers, maxVersion })).toBe(name);
  });

  test.each(['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES256-SHA', 'ECDHE-ECDSA-AES128-CCM'])(
    'that is none of those is not: %s',
    async ciphers => {
      expect(await agreed({ ciphers, maxVersion: 'TLSv1.2' })).toBe(
        'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
      );
    },
  );
});

describe('certificates that are replaced', () => {
  test('are those of new connections, and others go on', async () => {
    const api = await startApi({ tls: pem(OLD) });
    const connected = clientOf(api, OLD);
    expect(await connected()).toBe('OK');
    api.server.showCertificates(pem(RENEWED));
    expect(await connected()).toBe('OK');
    expect(await clientOf(api, RENEWED)()).toBe('OK');
    expect(await clientOf(api, OLD)()).toBe('UNAVAILABLE');
  });

  test('still leave only those suites', async () => {
    const api = await startApi({ tls: pem(OLD) });
    api.server.showCertificates(pem(RENEWED));
    const socket = connect({
      port: api.port,
      host: 'localhost',
      ca: RENEWED.cert,
      ALPNProtocols: ['h2'],
      maxVersion: 'TLSv1.2',
      ciphers: 'ECDHE-ECDSA-AES128-SHA256',
    });
    await expect(once(socket, 'secureConnect')).rejects.toThrow();
  });

  test('bring their authority of callers', async () => {
    const api = await startApi({ tls: pem(OLD, OLD.cert) });
    expect(await clientOf(api, OLD, OLD)()).toBe('OK');
    expect(await clientOf(api, OLD, otherCertificate('desk'))()).toBe('UNAVAILABLE');
    api.server.showCertificates(pem(OLD, callersCa()));
    expect(await clientOf(api, OLD, OLD)()).toBe('UNAVAILABLE');
    expect(await clientOf(api, OLD, otherCertificate('desk'))()).toBe('OK');
  });
});
