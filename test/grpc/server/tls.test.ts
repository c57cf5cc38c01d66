import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  Token_Access as Access,
  Token_Kind as Kind,
  TokenServiceService as Tokens,
} from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
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

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('end the sessions of before, with %s', async maxVersion => {
    const api = await startApi({ tls: pem(OLD, OLD.cert) });
    const dial = (session?: Buffer) => {
      const socket = connect({
        port: api.port,
        host: 'localhost',
        ca: OLD.cert,
        ...OLD,
        ALPNProtocols: ['h2'],
        maxVersion,
        ...(session && { session }),
      });
      onTestFinished(() => void socket.destroy());
      return socket.resume();
    };
    const first = dial();
    const [session] = (await once(first, 'session')) as [Buffer];
    const again = dial(session);
    await once(again, 'secureConnect');
    expect(again.isSessionReused()).toBe(true);
    api.server.showCertificates(pem(OLD, OLD.cert));
    const late = dial(session);
    await once(late, 'secureConnect');
    expect(late.isSessionReused()).toBe(false);
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

describe('a token that is bound to a certificate', () => {
  const [DESK, BOT] = [otherCertificate('desk'), otherCertificate('bot')];

  async function callBy(api: Api, own: Pair | undefined, secret: string) {
    const [key, cert] = own ? [Buffer.from(own.key), Buffer.from(own.cert)] : [null, null];
    const options = { 'grpc.use_local_subchannel_pool': 1 };
    const channel = credentials.createSsl(Buffer.from(OLD.cert), key, cert);
    const { client, close } = caller(`localhost:${api.port}`, secret, options, channel);
    onTestFinished(close);
    const ended = await invoke({ client, secret }, listInstances, {});
    return ended.detail('google.rpc.ErrorInfo')?.reason ?? ended.code;
  }
  const mint = (api: Api, certificateSubject?: string) =>
    api.tokens.mint({ kind: 'ACCOUNT', access: 'READ_WRITE', displayName: '', certificateSubject });

  test.each(['desk.example.com', 'desk.internal', 'spiffe://example.com/desk'])(
    'named %s is taken with that one alone',
    async subject => {
      const api = await startApi({ tls: pem(OLD, callersCa()) });
      const { secret } = await mint(api, subject);
      expect(await callBy(api, DESK, secret)).toBe('OK');
      expect(await callBy(api, BOT, secret)).toBe('CERTIFICATE_MISMATCH');
      expect(api.calls.map(({ code }) => code)).toEqual(['OK']);
      expect(api.strangers).toMatchObject([{ deed: 'token_bad' }]);
    },
  );

  test('is a name letter by letter', async () => {
    const api = await startApi({ tls: pem(OLD, callersCa()) });
    for (const subject of ['DESK.example.com', 'example.com', '*.example.com', 'Example'])
      expect(await callBy(api, DESK, (await mint(api, subject)).secret)).toBe('CERTIFICATE_MISMATCH');
  });

  test('does not work where the server asks for no certificates', async () => {
    const api = await startApi({ tls: pem(OLD) });
    const { secret } = await mint(api, 'desk.example.com');
    expect(await callBy(api, DESK, secret)).toBe('CERTIFICATE_MISMATCH');
    expect(await callBy(api, undefined, (await mint(api)).secret)).toBe('OK');
  });

  test('is made, listed and rotated with it', async () => {
    const api = await startApi({ tls: pem(OLD, callersCa()) });
    const { client, close } = caller(
      `localhost:${api.port}`,
      api.secret,
      {},
      credentials.createSsl(Buffer.from(OLD.cert), Buffer.from(BOT.key), Buffer.from(BOT.cert)),
    );
    onTestFinished(close);
    const account = { client, secret: api.secret };
    const wish = { kind: Kind.ACCOUNT, access: Access.READ_WRITE, certificateSubject: 'desk.example.com' };
    const [made] = (await invoke(account, Tokens.createToken, wish)).responses;
    const [rotated] = (await invoke(account, Tokens.rotateToken, { tokenId: made?.token?.id ?? '' }))
      .responses;
    expect(await callBy(api, BOT, rotated?.secret ?? '')).toBe('CERTIFICATE_MISMATCH');
    expect(await callBy(api, DESK, rotated?.secret ?? '')).toBe('OK');
    const [page] = (await invoke(account, Tokens.listTokens, {})).responses;
    expect(page?.tokens.map(token => token.certificateSubject)).toEqual(
      expect.arrayContaining(['', 'desk.example.com']),
    );
  });

  test('does not open reflection to another', async () => {
    const api = await startApi({ tls: pem(OLD, callersCa()), reflection: 'with_token' });
    const { secret } = await mint(api, 'desk.example.com');
    const ask = async (own: Pair) => {
      const channel = credentials.createSsl(
        Buffer.from(OLD.cert),
        Buffer.from(own.key),
        Buffer.from(own.cert),
      );
      const { client, close } = caller(`localhost:${api.port}`, secret, {}, channel);
      onTestFinished(close);
      const metadata = new Metadata();
      metadata.set('authorization', `Bearer ${secret}`);
      const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
      const bytes = (value: Buffer) => value;
      const call = client.makeBidiStreamRequest(path, bytes, bytes, metadata);
      call.on('error', () => {}).resume();
      call.end();
      return new Promise(resolve => call.on('status', ({ code }) => resolve(code)));
    };
    expect(await ask(BOT)).toBe(status.UNAUTHENTICATED);
    expect(await ask(DESK)).toBe(status.OK);
  });
});
