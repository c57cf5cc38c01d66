import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { startApi } from '../support/api.js';
import { invoke } from '../support/invoke.js';

const LIMITS = {
  callsPerMinute: 1000,
  createsPerMinute: 1000,
  failedTokensPerMinute: 1000,
  openStreams: 1000,
  openLists: 1000,
  connections: 3,
};

/** Connects without a word; whether the server takes it, which greets those it takes. */
async function isTaken(socket: Socket): Promise<boolean> {
  const greeted = once(socket, 'data').then(() => true);
  const closed = once(socket, 'close').then(() => false);
  return Promise.race([greeted, closed]).catch(() => false);
}

test('connections beyond the bound are closed, those there are go on, and one that ends makes room', async () => {
  const api = await startApi({ limits: LIMITS });
  const list = async () => (await invoke(api, InstanceServiceService.listInstances, {})).code;
  expect(await list()).toBe('OK');

  const silent = [connect(api.port, '127.0.0.1'), connect(api.port, '127.0.0.1')];
  expect(await Promise.all(silent.map(isTaken))).toEqual([true, true]);
  expect(await isTaken(connect(api.port, '127.0.0.1'))).toBe(false);
  expect(await list()).toBe('OK');

  silent[0]?.destroy();
  await vi.waitUntil(() => isTaken(connect(api.port, '127.0.0.1')), { timeout: 20_000 });
  silent[1]?.destroy();
});
