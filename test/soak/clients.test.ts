import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { type Caller, caller, OWN_CONNECTION } from '../support/call.js';
import { ACCOUNT_TOKEN, startService } from '../support/service.js';
import { heapBytes, open, parts, settled } from './support/open.js';

const ROUNDS = 1_000;
const SIDE_BY_SIDE = 4;
/** Code is compiled and pools are filled. */
const WARM_UP = 100;
/** An HTTP/2 connection alone is more than ten times this. */
const BYTES_PER_ROUND = 4_000;

/** A client that comes, does something and goes. */
type Visit = (address: string) => Promise<void>;

const own = (address: string): Caller => caller(address, ACCOUNT_TOKEN, OWN_CONNECTION);
const VISITS: readonly Visit[] = [
  async function reads(address) {
    const client = own(address);
    await client.call(Instances.listInstances, {});
    client.close();
  },
  async function watchesAndLeaves(address) {
    const client = own(address);
    for await (const _ of client.stream(Privacy.watchPrivacySettings, {})) break;
    client.close();
  },
  async function watchesUntilTheConnectionBreaks(address) {
    const session = connectHttp2(`http://${address}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': Privacy.watchPrivacySettings.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${ACCOUNT_TOKEN}`,
    });
    stream.on('error', () => undefined);
    session.on('error', () => undefined);
    stream.end(Buffer.alloc(5));
    await once(stream, 'data');
    session.socket.resetAndDestroy();
    await once(session, 'close');
  },
  async function sendsHalfACall(address) {
    const session = connectHttp2(`http://${address}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': Privacy.getPrivacySettings.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${ACCOUNT_TOKEN}`,
    });
    stream.on('error', () => undefined);
    stream.write(Buffer.from([0, 0, 0, 0, 9, 1]));
    await once(session, 'remoteSettings');
    session.destroy();
    await once(session, 'close');
  },
  async function isNotEvenHttp(address) {
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
  },
  async function saysNothing(address) {
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
    await once(socket, 'data');
    socket.resetAndDestroy();
  },
  async function isRefused(address) {
    const client = own(address);
    await client.call(Privacy.getPrivacySettings, { instance: 'nobody' }).catch(() => undefined);
    client.close();
  },
];

test('nothing is left of a thousand clients, however they went', async () => {
  await using service = await startService({ simulator: { behaviour: { preKeys: 'asked' } } });
  await service.client.call(Instances.createInstance, { name: 'desk' });
  let next = 0;
  const visitsUntil = (count: number) =>
    Promise.all(
      Array.from({ length: SIDE_BY_SIDE }, async () => {
        while (next < count) await VISITS[next++ % VISITS.length]?.(service.address);
        service.log.length = 0;
      }),
    );

  await visitsUntil(WARM_UP);
  await wait(1000); // The last to go are gone.
  const [before, partsBefore, bytesBefore] = [open(), parts(), heapBytes()];
  await visitsUntil(WARM_UP + ROUNDS);
  await settled(open, before);
  await settled(parts, partsBefore);
  expect(heapBytes() - bytesBefore).toBeLessThan(BYTES_PER_ROUND * ROUNDS);
  expect((await service.client.call(Instances.listInstances, {})).instances).toHaveLength(1);
});
