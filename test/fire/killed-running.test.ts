import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { TokenServiceService as Tokens } from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { type Caller, caller } from '../support/call.js';
import { expectOneIdentity, expectUsable, INSTANCE, instanceOf } from './support/checks.js';
import { type Deed, killAtPoints, killsOf, TIMEOUT_MS, unlessKilled } from './support/kill.js';
import { createLinked } from './support/link.js';
import { choosePoints } from './support/points.js';
import { openScene, type Scene } from './support/scene.js';

const patience = { timeout: 60_000, interval: 5 };

/** A deed done to a linked instance, which has its one identity after each kill and can be used. */
const linkedDeed = (scene: Scene, act: Deed<void>['act']): Deed<void> => {
  let isLinked = false;
  return {
    async prepare(client) {
      if (!isLinked) await createLinked(scene, client);
      isLinked = true;
      await expectUsable(scene, client);
    },
    act,
    async check() {
      expect(await expectOneIdentity(scene)).toBe('linked');
    },
  };
};

describe('a linked service has the same identity, and uses it, when it was killed', () => {
  test('while it makes and uploads keys', { timeout: TIMEOUT_MS }, async () => {
    await using scene = await openScene();
    const upload = linkedDeed(scene, async (_, service) => {
      const id = scene.askForKeys();
      await vi.waitUntil(() => {
        if (!service.isAlive()) throw new Error('the service is gone');
        return scene.simulator.findStanzas({ tag: 'ack' }).some(ack => ack.node.attrs['id'] === id);
      }, patience);
    });
    await killAtPoints(scene, 0.1, upload);
    const uploads = scene.simulator.findStanzas({ xmlns: 'encrypt', type: 'set' });
    expect(uploads.length).toBeGreaterThan(2);
  });

  test('while WhatsApp makes it connect anew', { timeout: TIMEOUT_MS }, async () => {
    await using scene = await openScene();
    const restart = linkedDeed(scene, async client => {
      const before = (await instanceOf(client)).lastConnectTime;
      scene.phone.streamError(515);
      await vi.waitUntil(async () => {
        const { state, lastConnectTime } = await instanceOf(client);
        return state === InstanceState.CONNECTED && lastConnectTime?.getTime() !== before?.getTime();
      }, patience);
    });
    await killAtPoints(scene, 0.14, restart);
  });

  test('while it starts and connects', { timeout: TIMEOUT_MS }, async () => {
    await using scene = await openScene();
    const first = scene.start();
    await createLinked(scene, await first.client);
    await first.end('SIGKILL');

    const rehearsal = scene.start();
    await expectUsable(scene, await rehearsal.client);
    const points = await rehearsal.points();
    await rehearsal.end('SIGKILL');
    for (const point of choosePoints(points, killsOf(0.22))) {
      await scene.quiet();
      const service = scene.start(point);
      scene.loadNext();
      const started = service.client.then(client => expectUsable(scene, client));
      await unlessKilled(service, started);
      await service.end('SIGKILL');
      await scene.quiet();
      expect(await expectOneIdentity(scene), `killed ${points[point]}`).toBe('linked');
    }
    await expectUsable(scene, await scene.start().client);
  });
});

test('a service that was killed while it made an instance makes it once', {
  timeout: TIMEOUT_MS,
}, async () => {
  await using scene = await openScene();
  let requestId = '';
  let made = 0;
  /** Repeats the request that the service was killed in; it has made, and makes, one instance with one token. */
  const repeat = async (client: Caller) => {
    const { instance } = await client.call(Instances.createInstance, { requestId });
    const { instances } = await client.call(Instances.listInstances, { pageSize: 200 });
    const { tokens } = await client.call(Tokens.listTokens, { pageSize: 200 });
    const name = instance?.name ?? '';
    expect(instances).toHaveLength(++made);
    expect(instances.map(each => each.name)).toContain(name);
    expect(tokens.filter(token => token.instance === name)).toHaveLength(1);
  };
  await killAtPoints<void>(scene, 0.05, {
    async prepare(client) {
      if (requestId !== '') await repeat(client);
      requestId = randomUUID();
    },
    async act(client) {
      await client.call(Instances.createInstance, { requestId });
    },
    check: async () => undefined,
  });
});

describe('a new service killed in its first start', () => {
  test('starts on what it left, with the token it has written', { timeout: TIMEOUT_MS }, async () => {
    await using scene = await openScene();
    const secrets = { env: { WA_PRIVACY_MASTER_KEY: undefined, WA_PRIVACY_ACCOUNT_TOKEN: undefined } };
    const forget = () => rmSync(scene.dataDir, { recursive: true, force: true });
    const rehearsal = scene.load(secrets);
    await rehearsal.serve();
    await rehearsal.client;
    const points = await rehearsal.points();
    await rehearsal.end('SIGKILL');

    for (const point of choosePoints(points, killsOf(0.04))) {
      forget();
      const killed = scene.load(secrets);
      const next = scene.load(secrets);
      killed.serve(point).catch(() => undefined);
      await unlessKilled(killed, killed.client);
      await killed.end('SIGKILL');
      await next.serve();
      const { address } = await next.client;
      const token = readFileSync(join(scene.dataDir, 'account-token'), 'utf8').trim();
      await createInstance(caller(address, token), points[point] ?? '');
      await next.end('SIGKILL');
    }
  });
});

async function createInstance(client: Caller, where: string) {
  const { instance } = await client.call(Instances.createInstance, { name: INSTANCE });
  expect(instance?.state, `killed ${where}`).toBe(InstanceState.UNLINKED);
  client.close();
}
