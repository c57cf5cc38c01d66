import { describe, expect, onTestFinished, test } from 'vitest';
import { httpProxy, socksProxy } from '../../support/proxies.js';
import { DESK, linking, never, startAdapter, startLinked } from '../support/adapter.js';

const SILENT = {
  code: undefined,
  text: 'The proxy made no connection within 0.2 s',
  culprit: { kind: 'proxy' },
};
const timeouts = { proxyMs: 200 };

describe.each([
  ['HTTP', httpProxy],
  ['SOCKS5', socksProxy],
])('a proxy (%s) that says nothing', (_, startProxy) => {
  async function silentProxy() {
    const proxy = await startProxy();
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    proxy.mode = 'silent';
    return proxy;
  }

  test('fails the login in its own time, and nothing is dialled past it', async () => {
    const { url } = await silentProxy();
    await using desk = await startLinked({ timeouts });
    const upgrades = desk.simulator.inject({ match: { on: 'upgrade' }, effect: { do: 'close' }, times: 9 });
    const result = await desk.connect(DESK, {
      proxy: url,
      signal: never(),
      onPrivacyPush: () => undefined,
    });
    expect(result).toEqual({ kind: 'failed', disconnect: SILENT });
    expect(upgrades.hits()).toBe(0);
  });

  test('fails the link in its own time', async () => {
    const { url } = await silentProxy();
    await using desk = await startAdapter({ timeouts });
    const { result, codes } = linking(desk, { proxy: url });
    expect(await result).toEqual({ kind: 'disconnected', disconnect: SILENT, unreached: true });
    expect(codes).toEqual([]);
  });

  test('is left with a login that is given up', async () => {
    const { url } = await silentProxy();
    await using desk = await startLinked();
    const leaving = new AbortController();
    const connecting = desk.connect(DESK, {
      proxy: url,
      signal: leaving.signal,
      onPrivacyPush: () => undefined,
    });
    leaving.abort();
    expect(await connecting).toMatchObject({ kind: 'failed' });
  });
});
