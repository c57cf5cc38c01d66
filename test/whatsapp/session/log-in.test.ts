import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Effect, FaultMatch } from '../../../src/simulator/index.js';
import { newKeyPair } from '../../../src/simulator/wire/xeddsa.js';
import type { Timeouts } from '../../../src/whatsapp/index.js';
import { linkDevice } from '../../support/link.js';
import { adapterTo, DESK, never, startAdapter } from '../support/adapter.js';
import { scriptedServer } from '../support/scripted-server.js';

type Desk = Awaited<ReturnType<typeof startAdapter>>;

let desk: Desk;
beforeEach(async () => {
  desk = await startAdapter();
  await linkDevice(desk, DESK, desk.phone);
  desk.credentials.calls.length = 0;
});
afterEach(() => desk[Symbol.asyncDispose]());

const calm = () => ({ signal: never(), onPrivacyPush: () => {} });

/** Connects with the same credentials to a server, which may be another one. */
async function connectTo(server: { url: string; rootKey: string }, timeouts: Partial<Timeouts> = {}) {
  const adapter = adapterTo(server, timeouts);
  const stored = desk.credentials.credentials.get(DESK);
  if (stored) adapter.credentials.credentials.set(DESK, stored);
  const result = await adapter.connect(DESK, calm());
  if (result.kind === 'open') await result.session.close();
  return result;
}
const failure = (disconnect: object) => ({ kind: 'failed', disconnect: expect.objectContaining(disconnect) });

describe('connecting', () => {
  test('resolves when WhatsApp has accepted the login', async () => {
    expect(await desk.connect(DESK, calm())).toMatchObject({ kind: 'open' });
    expect(desk.phone.devices()).toMatchObject([{ connected: true }]);
  });

  test('sends no more than the login needs, and looks online to nobody', async () => {
    await (await desk.session()).close();
    desk.simulator.clearStanzas();
    desk.simulator.behaviour.edgeRouting = true;
    await desk.session();
    const kinds = desk.simulator.stanzas.map(({ node }) => `${node.tag} ${node.attrs['xmlns'] ?? ''}`);
    expect(kinds).toEqual(['iq encrypt', 'iq passive']);
  });

  test('stores nothing when nothing changed', async () => {
    await (await desk.session()).close();
    desk.credentials.calls.length = 0;
    await (await desk.session()).close();
    expect(desk.credentials.calls).not.toContain('save');
  });

  test('keeps the routing it is told for the next time, and connects with it', async () => {
    desk.simulator.behaviour.edgeRouting = true;
    await (await desk.session()).close();
    await (await desk.session()).close();
    expect(Buffer.from(desk.credentials.credentials.get(DESK) ?? []).toString()).toContain('"routingInfo"');
  });

  test('leaves no timer behind when the session is closed', async () => {
    await (await desk.session()).close(); // The first login uploads keys, for which Baileys keeps a timer of 30 s.
    const timers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length;
    const before = timers();
    for (let round = 0; round < 3; round++) await (await desk.session()).close();
    // Not with expect.poll, which has a timer of its own; and not for as long as the one of Baileys lasts.
    for (let look = 0; timers() > before && look < 200; look++) await wait(50);
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

describe('credentials', () => {
  test('that cannot be read are told from those that are not there', async () => {
    expect(await desk.connect('other', calm())).toEqual(
      failure({ code: undefined, text: 'No credentials are stored' }),
    );
    const unreadable = failure({ code: undefined, text: 'The stored credentials could not be read' });
    for (const bytes of ['', 'garbage', '{}', 'null', '{"me":{"id":"1@s.whatsapp.net"}}']) {
      desk.credentials.credentials.set(DESK, Buffer.from(bytes));
      expect(await desk.connect(DESK, calm())).toEqual(unreadable);
    }
    vi.spyOn(desk.credentials, 'load').mockRejectedValue(new Error('I/O error'));
    expect(await desk.connect(DESK, calm())).toEqual(unreadable);
    expect(desk.simulator.connections()).toBe(0);
  });

  test('that Baileys chokes on are a failure like any other', async () => {
    const good = Buffer.from(desk.credentials.credentials.get(DESK) ?? []).toString();
    desk.credentials.credentials.set(DESK, Buffer.from(good.replace('{', '{"routingInfo":{"x":1},')));
    expect(await desk.connect(DESK, calm())).toEqual(failure({ code: undefined }));
    expect(desk.faults).toEqual(['dialling']);
  });

  test('that WhatsApp does not know any more are logged out', async () => {
    desk.phone.removeDevice(1);
    expect(await desk.connect(DESK, calm())).toEqual(failure({ code: 401 }));
    expect(desk.credentials.credentials.has(DESK)).toBe(true);
  });
});

describe('a server that is not WhatsApp', () => {
  const refused = failure({ code: undefined, text: 'The server could not prove that it is WhatsApp' });

  test('is refused when another root signed its certificates', async () => {
    const { url } = desk.simulator;
    const rootKey = Buffer.from(newKeyPair().public).toString('hex');
    expect(await connectTo({ url, rootKey })).toEqual(refused);
    expect(await connectTo(desk.simulator)).toMatchObject({ kind: 'open' });
  });

  test.each(['other_root', 'changed_leaf', 'changed_intermediate'] as const)(
    'is refused with certificates of the kind %s',
    async certificate => {
      desk.simulator.behaviour.certificate = certificate;
      expect(await connectTo(desk.simulator)).toEqual(refused);
    },
  );

  test("is refused when it shows WhatsApp's certificates and a key of its own", async () => {
    await using honest = await scriptedServer({ onClient: client => client.close() });
    expect(await connectTo(honest)).toEqual(failure({ code: 428 }));
    await using impostor = await scriptedServer({ shownKey: newKeyPair() });
    expect(await connectTo(impostor)).toEqual(refused);
    expect(impostor.clients).toEqual([]);
  });

  test('is told apart by each adapter, when several with roots of their own connect at once', async () => {
    await using other = await startAdapter({ rootPrivateKey: randomBytes(32).toString('hex') });
    await linkDevice(other, DESK, other.phone);
    const { url } = desk.simulator;
    const crossed = { url, rootKey: other.simulator.rootKey };
    const attempts = [1, 2, 3].flatMap(() => [connectTo(crossed), other.connect(DESK, calm())]);
    const results = await Promise.all([...attempts, desk.connect(DESK, calm())]);
    const wrong = results.filter((_, index) => index % 2 === 0 && index < 6);
    expect(wrong).toEqual([refused, refused, refused]);
    expect(results[5]).toMatchObject({ kind: 'open' });
    expect(results[6]).toMatchObject({ kind: 'open' });
  });
});

describe('a login that fails', () => {
  const connectWith = (match: FaultMatch, effect: Effect, timeouts?: Partial<Timeouts>) => {
    desk.simulator.inject({ match, effect });
    return connectTo(desk.simulator, timeouts);
  };

  test.each([400, 401, 402, 403, 405, 406, 409, 411, 429, 500, 501, 503, 599])(
    'with %d says so, and keeps the credentials as they are',
    async reason => {
      const before = desk.credentials.credentials.get(DESK);
      expect(await connectWith({ on: 'login' }, { do: 'failure', reason })).toEqual(
        failure({ code: reason }),
      );
      expect(desk.credentials.credentials.get(DESK)).toBe(before);
    },
  );

  test('for a time says until when', async () => {
    const before = Date.now();
    const result = await connectWith(
      { on: 'login' },
      { do: 'failure', reason: 402, code: 101, expire: 3600 },
    );
    const until = (result.kind === 'failed' && result.disconnect.until?.getTime()) || 0;
    expect(until).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(until).toBeLessThanOrEqual(Date.now() + 3_600_000);
  });

  test.each<[string, Effect, number]>([
    ['replaced', { do: 'stream_error', conflict: 'replaced' }, 440],
    ['515', { do: 'stream_error', code: 515 }, 515],
    ['516', { do: 'stream_error', code: 516 }, 516],
    ['nothing', { do: 'stream_error' }, 500],
    ['a close', { do: 'close' }, 428],
  ])('with a stream error of %s says so', async (_, effect, code) => {
    expect(await connectWith({ on: 'login' }, effect)).toEqual(failure({ code }));
  });

  test('with a reset says that there is no connection', async () => {
    expect(await connectWith({ on: 'upgrade' }, { do: 'reset' })).toEqual(failure({ code: 428 }));
    const { kind } = await connectWith({ on: 'hello' }, { do: 'reset' });
    expect(kind).toBe('failed');
  });

  test.each([
    [429, 429],
    [503, 503],
    [401, undefined],
    [403, undefined],
    [302, undefined],
  ])('with HTTP %d at the upgrade does not wait', async (status, code) => {
    expect(await connectWith({ on: 'upgrade' }, { do: 'http', status })).toEqual(failure({ code }));
  });

  test.each(['upgrade', 'hello', 'login'] as const)('does not wait for a server silent at %s', async on => {
    const timeouts = { connectMs: 400, closeMs: 50 };
    expect(await connectWith({ on }, { do: 'silence' }, timeouts)).toEqual(failure({ code: 408 }));
  });

  test('does not wait for a server that answers nothing after the login', async () => {
    desk.simulator.inject({ match: { on: 'iq' }, effect: { do: 'silence' }, times: Infinity });
    expect(await connectTo(desk.simulator, { connectMs: 400 })).toEqual(failure({ code: 408 }));
  });

  test('says so when the server speaks something else', async () => {
    expect(await connectWith({ on: 'hello' }, { do: 'undecodable' })).toEqual(failure({ code: undefined }));
    expect(await connectTo({ ...desk.simulator, url: 'ws://127.0.0.1:1/' })).toEqual(
      failure({ code: 428, text: 'No connection to WhatsApp (ECONNREFUSED)' }),
    );
  });

  test('is left alone once the caller cancels', async () => {
    desk.simulator.inject({ match: { on: 'login' }, effect: { do: 'silence' } });
    const caller = new AbortController();
    const attempt = desk.connect(DESK, { signal: caller.signal, onPrivacyPush: () => {} });
    await expect.poll(() => desk.simulator.connections()).toBe(1);
    caller.abort();
    expect(await attempt).toEqual(failure({ code: undefined, text: 'Cancelled' }));
    await expect.poll(() => desk.simulator.connections()).toBe(0);
  });
});

describe('a login without every answer', () => {
  test('is a login all the same when questions about keys are refused', async () => {
    const match = { on: 'iq', xmlns: 'encrypt' } as const;
    desk.simulator.inject({ match, effect: { do: 'refuse', code: 404 }, times: Infinity });
    expect(await connectTo(desk.simulator)).toMatchObject({ kind: 'open' });
  });

  test('is a login all the same when they never come', async () => {
    const match = { on: 'iq', xmlns: 'encrypt' } as const;
    desk.simulator.inject({ match, effect: { do: 'silence' }, times: Infinity });
    expect(await connectTo(desk.simulator, { queryMs: 100 })).toMatchObject({ kind: 'open' });
  });
});

describe('a store that fails at login', () => {
  beforeEach(() => {
    desk.simulator.behaviour.preKeys = 'asked';
  });

  test('ends the connection before what depends on it leaves', async () => {
    vi.spyOn(desk.credentials, 'save').mockRejectedValue(new Error('disk full'));
    expect(await desk.connect(DESK, calm())).toEqual(
      failure({ code: undefined, text: 'The credentials could not be stored' }),
    );
    expect(desk.simulator.findStanzas({ xmlns: 'encrypt', type: 'set' })).toEqual([]);
    expect(desk.credentials.calls).not.toContain('saveKeys');
    expect(desk.faults).toContain('storing the credentials');
  });

  test('is not taken for a store without keys, as Baileys would', async () => {
    await (await desk.session()).close();
    desk.simulator.clearStanzas();
    vi.spyOn(desk.credentials, 'loadKeys').mockRejectedValue(new Error('I/O error'));
    expect(await desk.connect(DESK, calm())).toEqual(
      failure({ code: undefined, text: 'The stored keys could not be read' }),
    );
    expect(desk.simulator.findStanzas({ xmlns: 'encrypt', type: 'set' })).toEqual([]);
    expect(desk.faults).toContain('reading the keys');
  });
});
