import { once } from 'node:events';
import { connect } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { compressionAlgorithms, status as grpcStatus, Metadata } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ErrorInfo, RequestInfo } from '../../../gen/ts/google/rpc/error_details.js';
import { Status } from '../../../gen/ts/google/rpc/status.js';
import { PrivacyServiceService } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { wallMs } from '../../../src/domain/time/wall-time.js';
import { caller } from '../../support/call.js';
import { startApi } from '../support/api.js';
import { snapshot } from '../support/instances.js';
import { invoke } from '../support/invoke.js';
import { rawCall } from '../support/raw-call.js';

const { getPrivacySettings, watchPrivacySettings } = PrivacyServiceService;
const HEALTH_CHECK = '/grpc.health.v1.Health/Check';

/** A message as it travels: whether it is compressed, its length, its bytes. */
const framed = (bytes: Buffer, compressed = 0, length = bytes.length): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
};
const EMPTY = framed(Buffer.of());
const LARGE = Buffer.alloc(64 * 1024 + 1);

type Refusal = {
  readonly headers?: [string, string][];
  readonly body?: Buffer;
  readonly code: number;
  readonly name: string;
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
};
const tooLarge = {
  code: 8,
  name: 'RESOURCE_EXHAUSTED',
  reason: 'MESSAGE_TOO_LARGE',
  metadata: { maximum_bytes: '65536' },
};
const malformed = (part: string, code: number, name: string) => ({
  code,
  name,
  reason: 'MALFORMED_CALL',
  metadata: { part },
});
const UNKNOWN_ENCODING = malformed('MESSAGE_ENCODING', 12, 'UNIMPLEMENTED');
const BAD_MESSAGE = malformed('MESSAGE', 13, 'INTERNAL');
const BAD_COUNT = malformed('MESSAGE_COUNT', 12, 'UNIMPLEMENTED');
const BAD_TIMEOUT = malformed('TIMEOUT', 13, 'INTERNAL');

/** The codes are those of gRPC's doc/statuscodes.md. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  'a message over 64 KiB': { body: framed(LARGE), ...tooLarge },
  'a message that says it has 4 GiB': { body: framed(Buffer.of(), 0, 2 ** 32 - 1), ...tooLarge },
  'a message that decompresses to more than 64 KiB': {
    headers: [['grpc-encoding', 'gzip']],
    body: framed(gzipSync(LARGE), 1),
    ...tooLarge,
  },
  'an encoding that is not known': {
    headers: [['grpc-encoding', 'snappy']],
    body: framed(Buffer.of(1), 1),
    ...UNKNOWN_ENCODING,
  },
  'a message that is not what it is compressed with': {
    headers: [['grpc-encoding', 'gzip']],
    body: framed(Buffer.of(1, 2, 3), 1),
    ...BAD_MESSAGE,
  },
  'no message': { body: Buffer.of(), ...BAD_COUNT },
  'a message cut off': { body: framed(Buffer.of(), 0, 3), ...BAD_COUNT },
  'two messages': { body: Buffer.concat([EMPTY, EMPTY]), ...BAD_COUNT },
  ...Object.fromEntries(
    ['', 'soon', '-1S', '1 S', '1S, 2S', '123456789S', '5', 'S'].map(timeout => [
      `the grpc-timeout "${timeout}"`,
      { headers: [['grpc-timeout', timeout]] as [string, string][], ...BAD_TIMEOUT },
    ]),
  ),
};

function read({ 'grpc-status-details-bin': bytes = '' }: Record<string, unknown>) {
  const status = Status.decode(Buffer.from(bytes as string, 'base64'));
  const named = (name: string) => status.details.find(({ typeUrl }) => typeUrl.endsWith(`.${name}`))?.value;
  return {
    status,
    info: ErrorInfo.decode(named('ErrorInfo') ?? Buffer.of()),
    requestId: RequestInfo.decode(named('RequestInfo') ?? Buffer.of()).requestId,
  };
}

describe.each(Object.entries(REFUSALS))('%s', (_, { headers = [], body, ...refusal }) => {
  test.each([
    ['of an answer', getPrivacySettings.path],
    ['of a stream', watchPrivacySettings.path],
  ])('in a call %s is refused with details, and told in the log', async (_, path) => {
    const api = await startApi();
    const sent: [string, string][] = [
      ['authorization', `Bearer ${api.secret}`],
      ['x-request-id', 'mine-1'],
      ...headers,
    ];
    const answer = await rawCall(api.port, path, sent, body);
    const { status, info, requestId } = read(answer);
    expect(Number(answer['grpc-status'])).toBe(refusal.code);
    expect(status).toMatchObject({ code: refusal.code, message: decodeURI(String(answer['grpc-message'])) });
    expect(info).toEqual({
      reason: refusal.reason,
      domain: 'wa-privacy',
      metadata: refusal.metadata,
    });
    expect([requestId, answer['x-request-id']]).toEqual(['mine-1', 'mine-1']);
    // Whose call it is shows in its metadata, which comes with a deadline that can be read.
    if (refusal.metadata['part'] === 'TIMEOUT')
      expect(api.strangers).toEqual([{ deed: 'call_refused', peer: '127.0.0.1', count: 1 }]);
    else expect(api.calls).toMatchObject([{ requestId: 'mine-1', code: refusal.name }]);
    expect(api.faults).toEqual([]);
  });

  test('in a call of health is refused with details', async () => {
    const api = await startApi();
    const answer = await rawCall(api.port, HEALTH_CHECK, [['x-request-id', 'mine-1'], ...headers], body);
    const { info, requestId } = read(answer);
    expect(Number(answer['grpc-status'])).toBe(refusal.code);
    expect(info.reason).toBe(refusal.reason);
    expect([requestId, answer['x-request-id']]).toEqual(['mine-1', 'mine-1']);
  });
});

test('a message of health that cannot be read is refused with details', async () => {
  const api = await startApi();
  const answer = await rawCall(api.port, HEALTH_CHECK, [], framed(Buffer.of(0xff)));
  expect(read(answer).info).toMatchObject({ reason: 'MALFORMED_CALL', metadata: { part: 'MESSAGE' } });
  expect(api.faults).toEqual([]);
});

test('an encoding that is not known is answered with those that are', async () => {
  const api = await startApi();
  const headers: [string, string][] = [
    ['authorization', `Bearer ${api.secret}`],
    ['grpc-encoding', 'snappy'],
  ];
  const answer = await rawCall(api.port, getPrivacySettings.path, headers, framed(Buffer.of(1), 1));
  expect(answer['grpc-accept-encoding']).toBe('identity,deflate,gzip');
});

test("grpc-js' client gets the details of a message that decompresses to too much", async () => {
  const api = await startApi();
  const { client, close } = caller(api.address, api.secret, {
    'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
  });
  const ended = await invoke({ client, secret: api.secret }, getPrivacySettings, LARGE);
  close();
  expect(ended.code).toBe('RESOURCE_EXHAUSTED');
  expect(ended.detail('google.rpc.ErrorInfo')?.reason).toBe('MESSAGE_TOO_LARGE');
  expect(ended.detailTypes).not.toContain('google.rpc.RetryInfo');
  expect(ended.metadata.get('grpc-retry-pushback-ms')).toEqual(['-1']);
});

test('a deadline that passes before the message has come is told with details', async () => {
  const api = await startApi();
  const headers: [string, string][] = [
    ['authorization', `Bearer ${api.secret}`],
    ['grpc-timeout', '1m'],
  ];
  const answer = await rawCall(api.port, getPrivacySettings.path, headers, null);
  expect(answer['grpc-status']).toBe('4');
  expect(read(answer).info.reason).toBe('DEADLINE_TOO_SHORT');
  expect(api.calls).toMatchObject([{ code: 'DEADLINE_EXCEEDED' }]);
});

test('a request that ends after its deadline is not executed', async () => {
  const api = await startApi();
  const read = vi.spyOn(api.instances, 'readSettings');
  const session = connect(`http://${api.address}`);
  onTestFinished(() => session.destroy());
  const call = (timeout: string) =>
    session.request({
      ':method': 'POST',
      ':path': getPrivacySettings.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${api.secret}`,
      'grpc-timeout': timeout,
    });
  const message = framed(getPrivacySettings.requestSerialize({ instance: 'desk', maxAge: undefined }));
  await api.addInstance('desk');

  const late = call('50m');
  late.write(message);
  const [answer] = await once(late, 'response');
  expect(answer['grpc-status']).toBe('4');
  late.end();
  const next = call('30S');
  next.end(message);
  await once(next.resume(), 'trailers');
  expect(read).toHaveBeenCalledTimes(1);
});

describe('an unknown method', () => {
  test('is refused with details that the official client reads, and counted', async () => {
    const api = await startApi();
    const path = '/whatsapp.privacy.v1.PrivacyService/GetNothing';
    const unknown = { ...getPrivacySettings, path };
    const ended = await invoke(api, { ...unknown }, {}, { metadata: { 'x-request-id': 'mine-1' } });
    expect(ended.code).toBe('UNIMPLEMENTED');
    expect(ended.status?.message).toBe(ended.message);
    expect(ended.detail('google.rpc.ErrorInfo')).toEqual({
      reason: 'METHOD_UNKNOWN',
      domain: 'wa-privacy',
      metadata: { method: path.slice(1) },
    });
    expect(ended.metadata.get('x-request-id')).toEqual(['mine-1']);
    expect(ended.detail('google.rpc.RequestInfo')?.requestId).toBe('mine-1');
    expect(api.strangers).toEqual([{ deed: 'unknown_method', peer: '127.0.0.1', count: 1 }]);
  });

  test('with a long path of strange letters is told in a few that are percent-encoded', async () => {
    const api = await startApi();
    const answer = await rawCall(api.port, `/grpc.health.v1.Health/\u00fc"${'x'.repeat(20_000)}`, []);
    expect(answer['grpc-status']).toBe('12');
    expect(answer['grpc-message']).toMatch(/^[ -~]{1,400}$/);
    expect(decodeURI(String(answer['grpc-message']))).toContain('\u00fc"xx');
    expect(JSON.stringify(answer).length).toBeLessThan(3_000);
  });
});

describe('a far deadline', () => {
  test.each(['597H', '1080H', '99999999H', '64800M', '99999999M', '3888000S', '99999999S'])(
    '%s is one that has not passed',
    async timeout => {
      const api = await startApi();
      await api.addInstance('desk');
      api.instances.readSettings = () => Promise.resolve(snapshot);
      const warned: unknown[] = [];
      const warn = (warning: Error) => void warned.push(warning.name);
      process.on('warning', warn);
      const metadata = { 'grpc-timeout': timeout };
      const ended = await invoke(api, getPrivacySettings, { instance: 'desk' }, { metadata });
      await new Promise(setImmediate);
      process.off('warning', warn);
      expect(ended.code).toBe('OK');
      expect(warned).toEqual([]);
    },
  );

  test('of 30 days that the official client sets is one that has not passed', async () => {
    const api = await startApi();
    await api.addInstance('desk');
    api.instances.readSettings = () => Promise.resolve(snapshot);
    const { path, requestSerialize, responseDeserialize } = getPrivacySettings;
    const request = { ...getPrivacySettings.requestDeserialize(Buffer.of()), instance: 'desk' };
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${api.secret}`);
    const deadline = wallMs() + 30 * 24 * 3_600_000;
    const code = await new Promise(resolve => {
      api.client
        .makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          { deadline },
          () => {},
        )
        .on('status', ended => resolve(ended.code));
    });
    expect(code).toBe(grpcStatus.OK);
  });
});
