import { encodeBinaryNode } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ConfirmationCode, PasskeyRequest } from '../../../src/instances/ports/passkey-steps.js';
import type { NewAccount, Phone } from '../../../src/simulator/index.js';
import { decodeCredentials } from '../../../src/whatsapp/connection/auth-state.js';
import type { Timeouts } from '../../../src/whatsapp/index.js';
import { authenticator } from '../../support/authenticator.js';
import { adapterTo, DESK, linking, startAdapter } from '../support/adapter.js';
import { scriptedServer } from '../support/scripted-server.js';

const PATIENCE = { timeout: 20_000, interval: 20 };
const UNCOMPARED = { compareCode: false };
const COMPARED = { compareCode: true };
const STEPS = ['ref', 'passkey_prologue', 'companion_nonce', 'encrypted_pairing_request'];

let desk: Awaited<ReturnType<typeof startAdapter>>;
beforeEach(async () => {
  desk = await startAdapter();
});
afterEach(() => desk[Symbol.asyncDispose]());

type Attempt = ReturnType<typeof linking>;

/** The newest thing of a kind that is shown, as soon as it is there. */
const shown = <T>(things: readonly T[], isIt: (thing: T) => boolean): Promise<T> =>
  vi.waitFor(() => {
    const found = things.findLast(isIt);
    if (found === undefined) throw new Error('not shown yet');
    return found;
  }, PATIENCE);
const code = async ({ codes }: Attempt) => (await shown(codes, () => true)).code;
const request = async ({ steps }: Attempt) =>
  (await shown(steps, ({ kind }) => kind === 'request')) as PasskeyRequest;
const confirmation = async ({ steps }: Attempt) =>
  (await shown(steps, ({ kind }) => kind === 'code')) as ConfirmationCode;

/** A phone that links only with a passkey has scanned the QR of an attempt, which now waits for the passkey. */
async function scanned({
  timeouts,
  passkey = true,
  wishes = UNCOMPARED,
}: {
  timeouts?: Partial<Timeouts>;
  passkey?: NewAccount['passkey'];
  wishes?: typeof UNCOMPARED;
} = {}) {
  const adapter = adapterTo(desk.simulator, timeouts);
  const phone = desk.simulator.addPhone({ phoneNumber: '15550100002', passkey });
  const attempt = linking(adapter, { passkey: wishes });
  const qr = await code(attempt);
  const scan = phone.scan(qr);
  return { adapter, phone, attempt, qr, scan };
}

const answered = async (attempt: Attempt, phone: Phone) => {
  const { answer, optionsJson } = await request(attempt);
  expect(answer(phone.assertPasskey(optionsJson))).toEqual({ kind: 'taken' });
};
/** The steps that WhatsApp was sent, in order. */
const sentSteps = () =>
  desk.simulator
    .findStanzas({ tag: 'iq', xmlns: 'md' })
    .map(({ node }) => (Array.isArray(node.content) ? node.content[0]?.tag : undefined));
const passkeyParts = () => {
  const prologue = desk.simulator
    .findStanzas({ tag: 'iq', xmlns: 'md' })
    .flatMap(({ node }) => (Array.isArray(node.content) ? node.content : []))
    .find(({ tag }) => tag === 'passkey_prologue');
  return Array.isArray(prologue?.content) ? prologue.content.map(({ tag }) => tag) : [];
};

describe('an account that is linked only with its passkey', () => {
  test('is linked by a QR code and an assertion, under a new secret', async () => {
    const browser = authenticator();
    const { adapter, attempt, phone, qr, scan } = await scanned({ passkey: browser.passkey });
    const { answer, optionsJson, origin, expiresAt } = await request(attempt);
    expect(origin).toBe('https://web.whatsapp.com');
    expect(JSON.parse(optionsJson)).toMatchObject({ rpId: 'whatsapp.com', userVerification: 'required' });
    expect(Math.abs(expiresAt.getTime() - Date.now() - 600_000)).toBeLessThan(60_000);
    expect(answer(browser.get(optionsJson, origin))).toEqual({ kind: 'taken' });
    expect(await scan).toEqual({ linked: true, device: 1 });
    expect(await attempt.result).toMatchObject({ kind: 'linked' });

    const told = await confirmation(attempt);
    expect(told).toMatchObject({ code: phone.confirmationCode(), confirmBy: undefined });
    expect(told.code).toMatch(/^[1-9A-HJ-NP-TV-Z]{8}$/);
    expect(sentSteps()).toEqual(STEPS);
    expect(passkeyParts()).toContain('pairing_handoff_proof');
    expect(adapter.credentials.calls).toEqual(['saveLink']);
    const stored = decodeCredentials(adapter.credentials.credentials.get(DESK) ?? Buffer.of());
    expect(qr).not.toContain(stored.advSecretKey);
    const login = await adapter.connect(DESK, { signal: new AbortController().signal, onPrivacyPush() {} });
    expect(login.kind).toBe('open');
    if (login.kind === 'open') await login.session.close();
  });

  test.each(['usual', 'without_keys'] as const)('is linked by a pairing code too, hello %s', async hello => {
    desk.simulator.behaviour.passkeyHello = hello;
    const phone = desk.simulator.addPhone({ phoneNumber: '15550100002', passkey: true });
    const method = { kind: 'pairing_code', phoneNumber: '+15550100002' } as const;
    const attempt = linking(desk, { method, passkey: UNCOMPARED });
    const typed = phone.enterCode(await code(attempt));
    await answered(attempt, phone);
    expect(await typed).toEqual({ linked: true, device: 1 });
    expect(await attempt.result).toMatchObject({ kind: 'linked' });
  });

  test('ends the attempt of a caller who cannot answer, with every notification acknowledged', async () => {
    const phone = desk.simulator.addPhone({ phoneNumber: '15550100002', passkey: true });
    const attempt = linking(desk);
    void phone.scan(await code(attempt));
    expect(await attempt.result).toEqual({ kind: 'passkey_required' });
    await expect
      .poll(() => desk.simulator.findStanzas({ tag: 'ack', type: 'passkey_prologue_request' }))
      .toHaveLength(1);
    expect(sentSteps()).toEqual([]);
  });

  test.each(['without_options', 'garbled'] as const)('is asked for the options that came %s', async how => {
    desk.simulator.behaviour.passkeyRequest = how;
    const { attempt, phone, scan } = await scanned();
    await answered(attempt, phone);
    expect(await scan).toMatchObject({ linked: true });
    expect(sentSteps()).toEqual(['passkey_request_options', ...STEPS]);
  });

  test('shows no other code once the passkey is asked for, and does not run out with the codes', async () => {
    const timeouts = { firstQrMs: 2_000, laterQrMs: 50 };
    const { attempt, phone, scan } = await scanned({ timeouts });
    const { optionsJson } = await request(attempt);
    const before = attempt.codes.length;
    await new Promise(resolve => setTimeout(resolve, 3_500));
    desk.simulator.refreshLink();
    expect(JSON.parse((await request(attempt)).optionsJson)).toEqual(JSON.parse(optionsJson));
    expect(attempt.codes).toHaveLength(before);
    await answered(attempt, phone);
    expect(await scan).toMatchObject({ linked: true });
  });
});

describe('the assertion', () => {
  test('that is wrong or of another request is told at once and spends nothing; a good one is used once', async () => {
    const { attempt, phone, scan } = await scanned();
    const { answer, optionsJson } = await request(attempt);
    const elsewhere = phone.assertPasskey(optionsJson, 'https://example.com');
    expect(answer(elsewhere)).toMatchObject({ kind: 'wrong' });
    const challenge = Buffer.alloc(32).toString('base64url');
    const other = phone.assertPasskey(JSON.stringify({ ...JSON.parse(optionsJson), challenge }));
    expect(answer(other)).toEqual({ kind: 'mismatch' });
    const good = phone.assertPasskey(optionsJson);
    expect(answer(good)).toEqual({ kind: 'taken' });
    expect(answer(good)).toEqual({ kind: 'not_awaited' });
    expect(await scan).toMatchObject({ linked: true });
    expect(sentSteps()).toEqual(STEPS);
  });

  test('of another passkey is refused by WhatsApp', async () => {
    const { attempt, scan } = await scanned({ passkey: authenticator().passkey });
    const { answer, optionsJson } = await request(attempt);
    expect(answer(authenticator().get(optionsJson))).toEqual({ kind: 'taken' });
    expect(await attempt.result).toEqual({ kind: 'passkey_refused', code: 401, text: 'not-authorized' });
    expect(await scan).toEqual({ linked: false, reason: 'passkey_refused' });
  });

  test('that WhatsApp takes for expired is refused by it, and leaves nothing', async () => {
    const { adapter, attempt, phone, scan } = await scanned();
    await request(attempt);
    desk.simulator.behaviour.passkeyTimeoutMs = 0;
    await answered(attempt, phone);
    expect(await attempt.result).toEqual({ kind: 'passkey_refused', code: 401, text: 'not-authorized' });
    expect(await scan).toEqual({ linked: false, reason: 'passkey_refused' });
    expect(sentSteps()).toEqual(STEPS.slice(0, 2));
    expect(adapter.credentials.calls).toEqual([]);
  });

  test('is waited for as long as WhatsApp says', async () => {
    desk.simulator.behaviour.passkeyTimeoutMs = 300;
    const { attempt } = await scanned();
    const { answer, optionsJson, expiresAt } = await request(attempt);
    expect(await attempt.result).toEqual({ kind: 'timed_out', passkeyWait: 'ASSERTION' });
    expect(expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + 300);
    expect(answer(optionsJson)).toEqual({ kind: 'not_awaited' });
  });

  test('is asked for anew in place of the request before', async () => {
    const { attempt, phone, scan } = await scanned();
    const first = await request(attempt);
    const again = phone.askPasskeyAgain();
    expect(await scan).toEqual({ linked: false, reason: 'no_answer' });
    await expect.poll(() => attempt.steps.length).toBe(2);
    const second = await request(attempt);
    const old = phone.assertPasskey(first.optionsJson);
    expect(first.answer(old)).toEqual({ kind: 'not_awaited' });
    expect(second.answer(old)).toEqual({ kind: 'mismatch' });
    expect(second.answer(phone.assertPasskey(second.optionsJson))).toEqual({ kind: 'taken' });
    expect(await again).toMatchObject({ linked: true });
    expect(await attempt.result).toMatchObject({ kind: 'linked' });
  });
});

test('the secret of the code holds until WhatsApp has taken the new one', async () => {
  const child = 'encrypted_pairing_request';
  desk.simulator.inject({ match: { on: 'iq', child }, effect: { do: 'silence' } });
  const { attempt, phone } = await scanned();
  await answered(attempt, phone);
  await expect.poll(sentSteps).toContain(child);
  const again = phone.askPasskeyAgain();
  await expect.poll(() => attempt.steps.filter(({ kind }) => kind === 'request')).toHaveLength(2);
  await answered(attempt, phone);
  expect(await again).toMatchObject({ linked: true });
  expect(await attempt.result).toMatchObject({ kind: 'linked' });
});

describe('the code', () => {
  test.each<[string, Parameters<typeof scanned>[0]]>([
    ['when the caller wants it', { wishes: COMPARED }],
    ['when the request is too old for a proof', { timeouts: { handoffMs: 0 } }],
  ])('has to be confirmed %s', async (_, options) => {
    const { attempt, phone, scan } = await scanned(options);
    await answered(attempt, phone);
    const told = await confirmation(attempt);
    expect(told.code).toBe(phone.confirmationCode());
    expect(told.confirmBy?.getTime()).toBeGreaterThan(Date.now());
    expect(told.confirm('AAAAAAAA')).toEqual({ kind: 'mismatch' });
    expect(sentSteps()).toEqual(STEPS.slice(0, 3));
    expect(passkeyParts()).not.toContain('pairing_handoff_proof');
    expect(told.confirm(told.code)).toEqual({ kind: 'taken' });
    expect(told.confirm(told.code)).toEqual({ kind: 'not_awaited' });
    expect(await scan).toMatchObject({ linked: true });
    expect(await attempt.result).toMatchObject({ kind: 'linked' });
  });

  test('that nobody confirms ends the attempt', async () => {
    const { attempt, phone } = await scanned({ wishes: COMPARED, timeouts: { confirmMs: 300 } });
    await answered(attempt, phone);
    expect(await attempt.result).toEqual({ kind: 'timed_out', passkeyWait: 'CONFIRMATION' });
    expect(sentSteps()).toEqual(STEPS.slice(0, 3));
  });

  test('need not be confirmed with a proof', async () => {
    const { attempt, phone } = await scanned();
    await answered(attempt, phone);
    const { confirm, code } = await confirmation(attempt);
    expect(confirm(code)).toEqual({ kind: 'not_awaited' });
    expect(await attempt.result).toMatchObject({ kind: 'linked' });
  });
});

describe('what can go wrong after the assertion', () => {
  test('the phone never goes on, which has its own end', async () => {
    desk.simulator.behaviour.passkeyContinuation = 'never';
    const { attempt, phone } = await scanned({ timeouts: { phoneMs: 300 } });
    await answered(attempt, phone);
    expect(await attempt.result).toEqual({ kind: 'timed_out', passkeyWait: 'PHONE' });
  });

  test('the phone goes on twice, which changes nothing', async () => {
    desk.simulator.behaviour.passkeyContinuation = 'twice';
    const { attempt, phone, scan } = await scanned();
    await answered(attempt, phone);
    expect(await scan).toMatchObject({ linked: true });
    expect(await attempt.result).toMatchObject({ kind: 'linked' });
    expect(sentSteps()).toEqual(STEPS);
  });

  test('the phone sends a key that is not whole', async () => {
    desk.simulator.behaviour.passkeyContinuation = 'short';
    const { attempt, phone } = await scanned();
    await answered(attempt, phone);
    expect(await attempt.result).toMatchObject({
      kind: 'disconnected',
      disconnect: { code: undefined, text: expect.stringContaining('cannot be read') },
    });
    expect(sentSteps()).toEqual(STEPS.slice(0, 2));
  });

  test.each(STEPS)('WhatsApp refuses the step %s', async child => {
    desk.simulator.inject({ match: { on: 'iq', child }, effect: { do: 'refuse', code: 406 } });
    const { adapter, attempt, phone, qr } = await scanned();
    await answered(attempt, phone);
    expect(await attempt.result).toEqual({ kind: 'passkey_refused', code: 406, text: 'not-acceptable' });
    expect(adapter.credentials.calls).toEqual([]);
    expect(qr).toBe(attempt.codes[0]?.code);
  });

  test.each(['passkey_request_options', ...STEPS])('WhatsApp does not answer the step %s', async child => {
    desk.simulator.behaviour.passkeyRequest = 'without_options';
    desk.simulator.inject({ match: { on: 'iq', child }, effect: { do: 'silence' } });
    const { attempt, phone } = await scanned({ timeouts: { queryMs: 1_000 } });
    if (child !== 'passkey_request_options') await answered(attempt, phone);
    expect(await attempt.result).toMatchObject({ kind: 'disconnected', disconnect: { code: 408 } });
  });

  test('WhatsApp signs with the secret of before, which is declined', async () => {
    desk.simulator.behaviour.pairSuccess = 'old_secret';
    const { adapter, attempt, phone, scan } = await scanned();
    await answered(attempt, phone);
    expect(await scan).toEqual({ linked: false, reason: 'refused_by_companion' });
    expect(await attempt.result).toMatchObject({ kind: 'disconnected', disconnect: { code: undefined } });
    expect(adapter.credentials.calls).toEqual([]);
  });

  test('the connection ends, and that is what is told', async () => {
    desk.simulator.inject({ match: { on: 'iq', child: 'companion_nonce' }, effect: { do: 'close' } });
    const { attempt, phone, scan } = await scanned();
    await answered(attempt, phone);
    expect(await attempt.result).toMatchObject({ kind: 'disconnected', disconnect: { code: 428 } });
    expect(await scan).toEqual({ linked: false, reason: 'no_answer' });
  });

  test('the caller goes, and who was waited for is told', async () => {
    const gone = new AbortController();
    const phone = desk.simulator.addPhone({ phoneNumber: '15550100002', passkey: true });
    const attempt = linking(desk, { passkey: UNCOMPARED, signal: gone.signal });
    void phone.scan(await code(attempt));
    const { answer, optionsJson } = await request(attempt);
    gone.abort();
    expect(await attempt.result).toEqual({ kind: 'cancelled', passkeyWait: 'ASSERTION' });
    expect(answer(phone.assertPasskey(optionsJson))).toEqual({ kind: 'not_awaited' });
  });
});

test('of two requests that come at once only the second is shown, and both are acknowledged', async () => {
  const options = ['first', 'second'].map(challenge =>
    JSON.stringify({ challenge, rpId: 'whatsapp.com', userVerification: 'required' }),
  );
  await using server = await scriptedServer({
    onClient(client) {
      const notices = options.map((text, index) =>
        encodeBinaryNode({
          tag: 'notification',
          attrs: { id: `${index + 1}`, type: 'passkey_prologue_request', from: 's.whatsapp.net' },
          content: [{ tag: 'passkey_request_options', attrs: {}, content: Buffer.from(text) }],
        }),
      );
      client.sendSealed(...notices);
    },
  });
  const over = new AbortController();
  const attempt = linking(adapterTo(server), { passkey: UNCOMPARED, signal: over.signal });
  expect((await request(attempt)).optionsJson).toBe(options[1]);
  await expect.poll(() => server.clients[0]?.sent.map(({ attrs }) => attrs['id'])).toEqual(['1', '2']);
  expect(attempt.steps).toHaveLength(1);
  over.abort();
  expect(await attempt.result).toEqual({ kind: 'cancelled', passkeyWait: 'ASSERTION' });
});

test('only WhatsApp itself can ask for a passkey, and nothing follows from a key without a request', async () => {
  await using server = await scriptedServer({
    onClient(client) {
      const notice = (id: string, type: string, from: string) =>
        client.send({ tag: 'notification', attrs: { id, type, from } });
      notice('1', 'passkey_prologue_request', '15550100009@s.whatsapp.net');
      notice('2', 'crsc_continuation', 's.whatsapp.net');
      client.send({
        tag: 'iq',
        attrs: { id: '3', type: 'get', xmlns: 'urn:xmpp:ping', from: 's.whatsapp.net' },
      });
    },
  });
  const over = new AbortController();
  const attempt = linking(adapterTo(server), { passkey: UNCOMPARED, signal: over.signal });
  await expect.poll(() => server.clients[0]?.sent.map(({ attrs }) => attrs['id'])).toEqual(['1', '2', '3']);
  over.abort();
  expect(await attempt.result).toEqual({ kind: 'cancelled', passkeyWait: undefined });
  expect(attempt.steps).toEqual([]);
});
