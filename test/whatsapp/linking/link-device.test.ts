import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LinkRecord } from '../../../src/instances/ports/store.js';
import { decodeCredentials } from '../../../src/whatsapp/connection/auth-state.js';
import { linkRecord, NO_LINK } from '../../support/memory-credentials.js';
import { adapterTo, DESK, linking, startAdapter } from '../support/adapter.js';
import { scriptedServer } from '../support/scripted-server.js';

type Desk = Awaited<ReturnType<typeof startAdapter>>;

const fields = (qr: string | undefined) => (qr ?? '').split('#')[1]?.split(',') ?? [];
const answers = ({ simulator }: Desk, child: string) =>
  simulator.findStanzas({ tag: 'iq' }).filter(({ node }) => JSON.stringify(node).includes(child));

const linkedAs = (phoneNumber: string) => ({
  kind: 'linked',
  record: linkRecord({ phoneNumber, linkTime: expect.any(Date) }),
});

let desk: Desk;
beforeEach(async () => {
  desk = await startAdapter();
});
afterEach(() => desk[Symbol.asyncDispose]());

/** The code at this place, as soon as there is one. */
const code = async ({ codes }: ReturnType<typeof linking>, index: number) => {
  await vi.waitFor(() => expect(codes.length).toBeGreaterThan(index), { timeout: 20_000 });
  return codes[index]?.code ?? '';
};
/** When WhatsApp has an acknowledgement more, everything sent before is there too. */
const afterRoundTrip = async ({ simulator }: Desk) => {
  const before = simulator.findStanzas({ tag: 'ack' }).length;
  simulator.notifyRegistering('nothing_known');
  await expect.poll(() => simulator.findStanzas({ tag: 'ack' })).toHaveLength(before + 1);
};

describe('linking with a QR code', () => {
  test('stores the new identity, then answers, and the login with it succeeds', async () => {
    const attempt = linking(desk);
    expect(await desk.phone.scan(await code(attempt, 0))).toEqual({ linked: true, device: 1 });
    expect(await attempt.result).toEqual(linkedAs('+15550100001'));
    expect(desk.credentials.calls).toEqual(['saveLink']);
    const stored = desk.credentials.credentials.get(DESK) ?? Buffer.of();
    expect(decodeCredentials(stored).me.id).toBe('15550100001:1@s.whatsapp.net');
    await desk.session();
    expect(desk.phone.devices()).toMatchObject([{ device: 1, connected: true }]);
  });

  test.each(['companion_reg_refresh', 'pair-device-rotate-qr'] as const)(
    'shows another code with the same ref after %s, and only that one links',
    async child => {
      desk.simulator.behaviour.refresh = 'on_first_scan';
      desk.simulator.behaviour.refreshChild = child;
      const attempt = linking(desk);
      const first = await code(attempt, 0);
      expect(await desk.phone.scan(first)).toEqual({ linked: false, reason: 'retired' });
      const second = await code(attempt, 1);
      const [before, after] = [fields(first), fields(second)];
      expect(after[3]).not.toBe(before[3]);
      expect(after.toSpliced(3, 1)).toEqual(before.toSpliced(3, 1));
      expect(attempt.codes[1]?.expiresAt).toEqual(attempt.codes[0]?.expiresAt);
      expect(await desk.phone.scan(first)).toEqual({ linked: false, reason: 'retired' });
      expect(await desk.phone.scan(second)).toEqual({ linked: true, device: 1 });
      expect(await attempt.result).toMatchObject({ kind: 'linked' });
      expect(desk.simulator.findStanzas({ tag: 'ack', type: 'companion_reg_refresh' })).toHaveLength(1);
    },
  );

  test('links with latency, also when the secret is retired at once', async () => {
    Object.assign(desk.simulator.behaviour, { latencyMs: 60, refresh: 'on_connect' });
    const attempt = linking(desk);
    await code(attempt, 0);
    expect(await desk.phone.scan(await code(attempt, 1))).toMatchObject({ linked: true });
    expect(await attempt.result).toMatchObject({ kind: 'linked' });
  });

  test('shows a code for each ref, keeps a new secret for all later ones, and then gives up', async () => {
    const adapter = adapterTo(desk.simulator, { firstQrMs: 1_000, laterQrMs: 100 });
    const attempt = linking(adapter);
    const [, , , retired] = fields(await code(attempt, 0));
    desk.simulator.refreshLink();
    expect(await attempt.result).toEqual({ kind: 'timed_out' });
    expect(new Set(attempt.codes.map(({ code }) => fields(code)[0])).size).toBe(6);
    const later = new Set(attempt.codes.slice(2).map(({ code }) => fields(code)[3]));
    expect(later.size).toBe(1);
    expect(later).not.toContain(retired);
    expect(adapter.credentials.calls).toEqual([]);
  });

  test('says until when the code is shown', async () => {
    const attempt = linking(desk);
    const before = Date.now();
    await desk.phone.scan(await code(attempt, 0));
    await attempt.result;
    const shownUntil = attempt.codes[0]?.expiresAt.getTime() ?? 0;
    expect(shownUntil).toBeGreaterThanOrEqual(before + 60_000);
    expect(shownUntil).toBeLessThanOrEqual(Date.now() + 60_000);
  });
});

describe('a link that is not what it should be', () => {
  test.each(['wrong_account_signature', 'wrong_hmac'] as const)('is declined: %s', async lie => {
    desk.simulator.behaviour.pairSuccess = lie;
    const attempt = linking(desk);
    expect(await desk.phone.scan(await code(attempt, 0))).toEqual({
      linked: false,
      reason: 'refused_by_companion',
    });
    expect(await attempt.result).toMatchObject({ kind: 'disconnected', disconnect: { code: undefined } });
    expect(desk.credentials.calls).toEqual([]);
  });

  test('is declined when the phone has another number, and the old identity is kept', async () => {
    const old = Buffer.from('the credentials of +15550100009');
    desk.credentials.credentials.set(DESK, old);
    const attempt = linking(desk, { expectedPhoneNumber: '+15550100009' });
    expect(await desk.phone.scan(await code(attempt, 0))).toMatchObject({ linked: false });
    expect(await attempt.result).toEqual({ kind: 'other_account' });
    expect(answers(desk, 'pair-device-sign')).toEqual([]);
    expect(desk.credentials.credentials.get(DESK)).toBe(old);
  });

  test('is accepted when the phone has the number that was expected', async () => {
    const attempt = linking(desk, { expectedPhoneNumber: '+15550100001' });
    await desk.phone.scan(await code(attempt, 0));
    expect(await attempt.result).toMatchObject({ kind: 'linked' });
  });

  test('is not made by a bare success on a connection that is not linked', async () => {
    await using server = await scriptedServer({
      onClient: client => client.send({ tag: 'success', attrs: { t: '1', lid: '1@lid' } }),
    });
    const adapter = adapterTo(server, { connectMs: 500 });
    expect(await linking(adapter).result).toMatchObject({ kind: 'disconnected', disconnect: { code: 408 } });
    expect(server.clients.map(({ sent }) => sent)).toEqual([[]]);
    expect(adapter.credentials.calls).toEqual([]);
  });
});

describe('while the store does not take the new identity', () => {
  test('WhatsApp gets no answer that would make the link valid', async () => {
    const stored = Promise.withResolvers<LinkRecord>();
    const saveLink = vi.spyOn(desk.credentials, 'saveLink').mockReturnValue(stored.promise);
    const attempt = linking(desk);
    const scan = desk.phone.scan(await code(attempt, 0));
    await expect.poll(() => saveLink).toHaveBeenCalledOnce();
    await afterRoundTrip(desk);
    expect(answers(desk, 'pair-device-sign')).toEqual([]);
    stored.resolve(linkRecord({ phoneNumber: '+15550100001', linkTime: new Date() }));
    expect(await scan).toMatchObject({ linked: true });
    expect(await attempt.result).toMatchObject({ kind: 'linked' });
  });

  test('no other code is shown, for its time is over or its secret retired', async () => {
    const stored = Promise.withResolvers<LinkRecord>();
    const firstQrMs = 1_500;
    const adapter = adapterTo(desk.simulator, { firstQrMs });
    const saveLink = vi.spyOn(adapter.credentials, 'saveLink').mockReturnValue(stored.promise);
    const attempt = linking(adapter);
    const scan = desk.phone.scan(await code(attempt, 0));
    await expect.poll(() => saveLink).toHaveBeenCalledOnce();
    const shown = attempt.codes.length;
    desk.simulator.refreshLink();
    const refresh = { tag: 'ack', type: 'companion_reg_refresh' };
    await expect.poll(() => desk.simulator.findStanzas(refresh)).toHaveLength(1);
    await new Promise(resolve => setTimeout(resolve, firstQrMs));
    expect(attempt.codes).toHaveLength(shown);
    stored.resolve(linkRecord({ phoneNumber: '+15550100001', linkTime: new Date() }));
    expect(await scan).toMatchObject({ linked: true });
    expect(await attempt.result).toMatchObject({ kind: 'linked' });
  });

  test('the link is declined when it never will', async () => {
    vi.spyOn(desk.credentials, 'saveLink').mockRejectedValue(new Error('disk full'));
    const attempt = linking(desk);
    expect(await desk.phone.scan(await code(attempt, 0))).toMatchObject({ linked: false });
    expect(await attempt.result).toEqual({
      kind: 'disconnected',
      disconnect: { code: undefined, text: 'The credentials could not be stored' },
    });
    expect(answers(desk, 'pair-device-sign')).toEqual([]);
    expect(desk.faults).toEqual(['storing a new link']);
  });
});

test('a link that WhatsApp cannot be told of is cleared again, and its end says what is stored now', async () => {
  const { saveLink } = desk.credentials;
  vi.spyOn(desk.credentials, 'saveLink').mockImplementation(async (...link) => {
    const record = await saveLink(...link);
    await desk.simulator.stop();
    // Both ends of the connection are in this process: a turn of its loop later the other one knows.
    await new Promise(resolve => setTimeout(resolve, 100));
    return record;
  });
  const attempt = linking(desk);
  void desk.phone.scan(await code(attempt, 0)).catch(() => undefined);
  expect(await attempt.result).toMatchObject({ kind: 'disconnected', record: NO_LINK });
  expect(desk.credentials.calls).toEqual(['saveLink', 'clear']);
  expect(desk.credentials.credentials.size).toBe(0);
});

describe('an attempt that ends early', () => {
  test('is cancelled by its caller at any moment, and leaves nothing', async () => {
    const unreached = { kind: 'cancelled', unreached: true };
    expect(await linking(desk, { signal: AbortSignal.abort() }).result).toEqual(unreached);
    const early = new AbortController();
    const dialling = linking(desk, { signal: early.signal });
    early.abort();
    expect(await dialling.result).toEqual(unreached);

    const late = new AbortController();
    const shown = linking(desk, { signal: late.signal });
    await code(shown, 0);
    late.abort();
    expect(await shown.result).toEqual({ kind: 'cancelled' });
    await expect.poll(() => desk.simulator.connections()).toBe(0);
    expect(desk.credentials.calls).toEqual([]);
  });

  test('says why WhatsApp refused or ended it', async () => {
    desk.simulator.inject({ match: { on: 'registration' }, effect: { do: 'failure', reason: 405 } });
    expect(await linking(desk).result).toMatchObject({ kind: 'disconnected', disconnect: { code: 405 } });
    desk.simulator.inject({ match: { on: 'registration' }, effect: { do: 'stream_error', code: 503 } });
    expect(await linking(desk).result).toMatchObject({ kind: 'disconnected', disconnect: { code: 503 } });
    desk.simulator.inject({ match: { on: 'upgrade' }, effect: { do: 'http', status: 429 } });
    const limited = await linking(desk).result;
    expect(limited).toMatchObject({ kind: 'disconnected', disconnect: { code: 429 } });
    expect(limited).not.toHaveProperty('unreached');
  });

  test.each(['upgrade', 'hello', 'registration'] as const)(
    'does not wait for a server silent at %s',
    async on => {
      desk.simulator.inject({ match: { on }, effect: { do: 'silence' } });
      const adapter = adapterTo(desk.simulator, { connectMs: 400, closeMs: 50 });
      expect(await linking(adapter).result).toMatchObject({
        kind: 'disconnected',
        disconnect: { code: 408 },
      });
    },
  );
});

describe('linking with a pairing code', () => {
  const method = { kind: 'pairing_code', phoneNumber: '+15550100001' } as const;

  test('shows the code once WhatsApp took it, and links when it is typed', async () => {
    const attempt = linking(desk, { method });
    const shown = await code(attempt, 0);
    expect(attempt.codes[0]?.kind).toBe('pairing_code');
    expect(shown).toMatch(/^[1-9A-HJ-NP-TV-Z]{8}$/);
    expect(await desk.phone.enterCode(shown)).toEqual({ linked: true, device: 1 });
    expect(await attempt.result).toEqual(linkedAs('+15550100001'));
    await desk.session();
  });

  test('leaves nothing when nobody types it', async () => {
    const over = new AbortController();
    const attempt = linking(desk, { method, signal: over.signal });
    await code(attempt, 0);
    over.abort();
    expect(await attempt.result).toEqual({ kind: 'cancelled' });
    await expect.poll(() => desk.simulator.connections()).toBe(0);
    expect(desk.credentials.calls).toEqual([]);
    // Baileys has written down this number as its own by then, which must hold no other phone off.
    const other = desk.simulator.addPhone({ phoneNumber: '15550100009' });
    const next = linking(desk);
    expect(await other.scan(await code(next, 0))).toMatchObject({ linked: true });
    expect(await next.result).toEqual(linkedAs('+15550100009'));
  });

  test('reports a refusal, not a code', async () => {
    desk.simulator.behaviour.platformDisplay = 'refused';
    const refused = linking(desk, { method });
    expect(await refused.result).toEqual({ kind: 'refused', code: 400, text: 'bad-request' });
    desk.simulator.behaviour.platformDisplay = 'checked';
    desk.simulator.inject({ match: { on: 'iq', xmlns: 'md' }, effect: { do: 'refuse', code: 429 } });
    const limited = linking(desk, { method });
    expect(await limited.result).toEqual({ kind: 'refused', code: 429, text: 'rate-overlimit' });
    expect([...refused.codes, ...limited.codes]).toEqual([]);
  });

  test('does not wait for ever for the answer to its request', async () => {
    desk.simulator.inject({ match: { on: 'iq', xmlns: 'md' }, effect: { do: 'silence' } });
    const adapter = adapterTo(desk.simulator, { queryMs: 200 });
    expect(await linking(adapter, { method }).result).toMatchObject({ kind: 'disconnected' });
  });

  test('still links after a wrong code was typed', async () => {
    const attempt = linking(desk, { method });
    const shown = await code(attempt, 0);
    expect(await desk.phone.enterCode('AAAA-AAAA')).toEqual({ linked: false, reason: 'wrong_code' });
    expect(await desk.phone.enterCode(shown)).toMatchObject({ linked: true });
    expect(await attempt.result).toMatchObject({ kind: 'linked' });
  });

  test('shows another code when WhatsApp asks for one', async () => {
    const attempt = linking(desk, { method });
    const first = await code(attempt, 0);
    expect(desk.phone.refreshCode()).toBe(true);
    const second = await code(attempt, 1);
    expect(second).not.toBe(first);
    expect(await desk.phone.enterCode(second)).toMatchObject({ linked: true });
    expect(await attempt.result).toMatchObject({ kind: 'linked' });
  });

  test('survives empty and unknown stages, acknowledging each once', async () => {
    const attempt = linking(desk, { method });
    const shown = await code(attempt, 0);
    const stage = (attrs: Record<string, string>) => ({ tag: 'link_code_companion_reg', attrs });
    desk.simulator.notifyRegistering('link_code_companion_reg');
    desk.simulator.notifyRegistering('link_code_companion_reg', stage({}));
    desk.simulator.notifyRegistering('link_code_companion_reg', stage({ stage: 'primary_hello' }));
    desk.simulator.notifyRegistering('link_code_companion_reg', stage({ stage: 'refresh_code' }));
    await expect.poll(() => desk.simulator.findStanzas({ tag: 'ack' })).toHaveLength(4);
    expect(attempt.codes).toHaveLength(1);
    expect(await desk.phone.enterCode(shown)).toMatchObject({ linked: true });
    expect(await attempt.result).toMatchObject({ kind: 'linked' });
  });

  test('keeps the secret of the exchange when the one of QR codes is retired', async () => {
    const attempt = linking(desk, { method });
    const shown = await code(attempt, 0);
    desk.simulator.refreshLink();
    await expect.poll(() => desk.simulator.findStanzas({ tag: 'ack' })).toHaveLength(1);
    expect(await desk.phone.enterCode(shown)).toMatchObject({ linked: true });
    expect(await attempt.result).toMatchObject({ kind: 'linked' });
    expect(attempt.codes).toHaveLength(1);
  });
});
