import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BinaryNode, getBinaryNodeChildBuffer } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Control,
  type Effect,
  type Fault,
  type FaultMatch,
  type Lie,
  type Simulator,
  startControl,
  startSimulator,
} from '../../../src/simulator/index.js';
import { closing, dial, newClient, nextQr, opening, received } from '../support/baileys.js';
import { getPrivacy, setPrivacy } from '../support/privacy.js';

let simulator: Simulator;
let control: Control;
beforeEach(async () => {
  simulator = await startSimulator({ behaviour: { refresh: 'never', preKeys: 'not_asked' } });
  control = await startControl(simulator);
});
afterEach(async () => {
  await control.stop();
  await simulator.stop();
});

async function call(method: string, path: string, body?: unknown) {
  const response = await fetch(`${control.url}${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  return { status: response.status, body: await response.json() };
}

const PHONE = '/phones/15550100001';

async function linkedByControl() {
  await call('POST', '/phones', { phoneNumber: '+15550100001', settings: { last: 'contacts' } });
  const client = newClient();
  const registering = dial(simulator, client);
  const ended = closing(registering);
  const qr = await nextQr(registering);
  expect(await call('POST', `${PHONE}/scan`, { qr })).toEqual({
    status: 200,
    body: { linked: true, device: 1 },
  });
  await ended;
  const sock = dial(simulator, client, { fireInitQueries: false });
  await opening(sock);
  return sock;
}

const MOMENTS = ['before_apply', 'after_apply', 'after_reply'] as const;
const LIES = Object.keys({
  confirm: 0,
  wrong_name: 0,
  other_value: 0,
  unknown_value: 0,
  two_categories: 0,
  empty: 0,
  no_privacy: 0,
  text: 0,
} satisfies Record<Lie, 0>) as Lie[];
const ALWAYS = { times: 'always' };
const STANZA = { tag: 'ib', attrs: { from: 's.whatsapp.net' } };

/** At least one of each kind: what each of them does is in `faults.test.ts`. */
const EFFECTS: Readonly<Record<Effect['do'], readonly Effect[]>> = {
  refuse: [{ do: 'refuse' }, { do: 'refuse', code: 429, text: 'rate-overlimit', applied: true }],
  refuse_category: [{ do: 'refuse_category', code: 409, text: 'conflict', category: 'last', applied: false }],
  lie: LIES.map(lie => ({ do: 'lie', lie, applied: true })),
  reply: [{ do: 'reply', stanza: STANZA, applied: false }],
  silence: MOMENTS.map(moment => ({ do: 'silence', moment })),
  close: MOMENTS.map(moment => ({ do: 'close', moment })),
  reset: MOMENTS.map(moment => ({ do: 'reset', moment })),
  half_open: MOMENTS.map(moment => ({ do: 'half_open', moment })),
  undecodable: MOMENTS.map(moment => ({ do: 'undecodable', moment })),
  undecryptable: MOMENTS.map(moment => ({ do: 'undecryptable', moment })),
  bomb: MOMENTS.map(moment => ({ do: 'bomb', moment })),
  overlong: MOMENTS.map(moment => ({ do: 'overlong', moment })),
  phone: MOMENTS.map(moment => ({
    do: 'phone',
    settings: { last: 'none' },
    contacts: { last: ['15550100002'] },
    moment,
  })),
  delay: MOMENTS.map(moment => ({ do: 'delay', ms: 30_000, moment })),
  late: [
    { do: 'late', ms: 30_000 },
    { do: 'late', ms: 30_000, code: 503 },
  ],
  stream_error: MOMENTS.map(moment => ({
    do: 'stream_error',
    code: 401,
    conflict: 'device_removed',
    moment,
  })),
  send: MOMENTS.flatMap(moment =>
    (['go_on', 'stop', 'close'] as const).map(next => ({ do: 'send', stanza: STANZA, next, moment })),
  ),
  failure: [{ do: 'failure' }, { do: 'failure', reason: 402, code: 101, expire: 3600 }],
  http: [{ do: 'http', status: 503 }],
  two_in_one: [{ do: 'two_in_one' }],
};

const STAGES: Readonly<Record<FaultMatch['on'], readonly Omit<FaultMatch, 'on'>[]>> = {
  upgrade: [{}],
  hello: [{}],
  registration: [{}],
  login: [{}, { phoneNumber: '15550100001' }],
  iq: [{}, { xmlns: 'encrypt', type: 'set' }, { child: 'passkey_prologue' }],
  privacy_get: [{}],
  list_get: [{ category: 'last' }],
  privacy_set: [{}, { category: 'profile', phoneNumber: '15550100001' }],
  ping: [{}],
};

/** Every effect at every stage, though not each means something at each. */
function everyFault(): Fault[] {
  const matches = Object.entries(STAGES).flatMap(([on, more]) =>
    more.map(match => ({ on: on as FaultMatch['on'], ...match })),
  );
  return matches.flatMap(match =>
    Object.values(EFFECTS)
      .flat()
      .map((effect, index) => ({
        match,
        effect,
        times: index % 3 === 0 ? Infinity : 1 + index,
        after: index,
      })),
  );
}

describe('another process', () => {
  test('finds out where the simulator is and how it behaves', async () => {
    const { body } = await call('GET', '/');
    expect(body).toMatchObject({ url: simulator.url, rootKey: simulator.rootKey, connections: 0 });
    await call('PATCH', '/behaviour', { latencyMs: 20, push: 'bare' });
    expect(simulator.behaviour).toMatchObject({ latencyMs: 20, push: 'bare', refresh: 'never' });
  });

  test('links a phone, changes its settings and reads what was applied', async () => {
    const sock = await linkedByControl();
    expect(await getPrivacy(sock)).toMatchObject({ last: 'contacts' });
    await call('PUT', `${PHONE}/settings/last`, { value: 'none' });
    expect(await getPrivacy(sock)).toMatchObject({ last: 'none' });
    await call('DELETE', `${PHONE}/settings/last`);
    await setPrivacy(sock, { profile: 'none' });
    const { body } = await call('GET', PHONE);
    expect(body).toMatchObject({ devices: [{ device: 1, connected: true }], settings: { profile: 'none' } });
    expect(body).not.toHaveProperty('settings.last');
    expect((await call('GET', `${PHONE}/sets`)).body).toMatchObject([
      { category: 'last', device: 0 },
      { category: 'profile', device: 1 },
    ]);
    const stanzas = await call('GET', '/stanzas?xmlns=privacy&type=set&category=profile');
    expect(stanzas.body).toMatchObject([{ phoneNumber: '15550100001', device: 1, node: { tag: 'iq' } }]);
    expect((await call('DELETE', '/stanzas')).body).toEqual([]);
    expect(simulator.stanzas).toEqual([]);
  });

  test('has a phone demand its passkey, and its owner answer', async () => {
    await call('POST', '/phones', { phoneNumber: '+15550100001', passkey: true });
    expect((await call('POST', `${PHONE}/ask-passkey-again`, {})).body).toEqual({
      linked: false,
      reason: 'no_passkey_request',
    });
    const sock = dial(simulator, newClient());
    const asked = received(sock, 'CB:notification,type:passkey_prologue_request');
    const scan = call('POST', `${PHONE}/scan`, { qr: await nextQr(sock) });
    const options = getBinaryNodeChildBuffer(await asked, 'passkey_request_options')?.toString();
    const { body } = await call('POST', `${PHONE}/assert-passkey`, { options });
    const { assertion: answer } = body as { assertion: string };
    expect(JSON.parse(answer)).toMatchObject({ type: 'public-key' });

    // Without its part in the key exchange the best assertion links nothing.
    const step = (tag: string, content?: BinaryNode[]): BinaryNode => ({
      tag: 'iq',
      attrs: { to: '@s.whatsapp.net', type: content ? 'set' : 'get', xmlns: 'md' },
      content: [{ tag, attrs: {}, ...(content && { content }) }],
    });
    expect(getBinaryNodeChildBuffer(await sock.query(step('ref')), 'ref')?.toString()).toMatch(/^.{1,64}$/);
    const assertion = { tag: 'webauthn_assertion', attrs: {}, content: Buffer.from(answer) };
    await expect(sock.query(step('passkey_prologue', [assertion]))).rejects.toThrow('not-authorized');
    expect((await scan).body).toEqual({ linked: false, reason: 'passkey_refused' });
  });

  test('makes people and the lists of contacts that a phone excepts', async () => {
    await linkedByControl();
    const { body: person } = await call('POST', '/people', { phoneNumber: '+15550100009', lid: '71' });
    expect(person).toEqual({ phoneNumber: '15550100009', lid: '71' });
    await call('PUT', `${PHONE}/lists/last`, { contacts: ['+15550100009'] });
    expect((await call('GET', `${PHONE}/lists/last`)).body).toMatchObject({ contacts: [person] });
    expect((await call('GET', PHONE)).body).toMatchObject({ settings: { last: 'contact_blacklist' } });
  });

  test('injects faults and takes them back', async () => {
    const sock = await linkedByControl();
    const fault = {
      match: { on: 'privacy_set', category: 'last' },
      effect: { do: 'refuse_category', code: 409 },
      times: 'always',
    };
    expect((await call('POST', '/faults', fault)).body).toMatchObject({ ...fault, hits: 0 });
    const id = simulator.faults()[0]?.id;
    await setPrivacy(sock, { last: 'none' });
    expect((await call('GET', '/faults')).body).toMatchObject([{ id, hits: 1 }]);
    expect((await call('DELETE', `/faults/${id}`)).body).toEqual([]);
    await setPrivacy(sock, { last: 'none' });
    expect(simulator.phone('15550100001')?.settings()).toMatchObject({ last: 'none' });
  });

  test('injects every fault there is, by stage, category, account, count and moment', async () => {
    const faults = everyFault();
    for (const fault of faults) {
      const answer = await call('POST', '/faults', { ...fault, ...(fault.times === Infinity && ALWAYS) });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    }
    expect(simulator.faults().map(({ fault }) => fault)).toEqual(faults);
    expect((await call('DELETE', '/faults')).body).toEqual([]);
  });

  test('sends any stanza', async () => {
    const sock = await linkedByControl();
    const ib = received(sock, 'CB:ib,,odd');
    const odd = { tag: 'odd', content: 'text' };
    await call('POST', `${PHONE}/send`, { tag: 'ib', content: [odd] });
    expect(await ib).toMatchObject({ content: [{ tag: 'odd', content: Buffer.from('text') }] });
    const effect = { do: 'send', stanza: { tag: 'xmlstreamend' }, next: 'close' };
    await call('POST', '/faults', { match: { on: 'privacy_get' }, effect });
    const ended = closing(sock);
    await expect(getPrivacy(sock)).rejects.toBeDefined();
    expect(await ended).toBe(428);
  });

  test('ends connections and removes devices', async () => {
    const sock = await linkedByControl();
    const ended = closing(sock);
    await call('POST', `${PHONE}/stream-error`, { code: 503 });
    expect(await ended).toBe(503);
    expect((await call('DELETE', `${PHONE}/devices/1`)).body).toEqual([]);
    expect((await call('DELETE', `${PHONE}/devices/1`)).status).toBe(404);
  });

  test('is told what is wrong with a request', async () => {
    expect((await call('GET', '/nowhere')).status).toBe(404);
    expect((await call('GET', '/phones/15550100009')).status).toBe(404);
    const effect = { do: 'explode' };
    const bad = await call('POST', '/faults', { match: { on: 'privacy_set' }, effect });
    expect(bad).toMatchObject({ status: 400, body: { error: expect.stringContaining('effect') } });
    expect((await call('POST', '/phones', { phoneNumber: 'me' })).status).toBe(400);
    const plain = await fetch(`${control.url}/faults`, { method: 'POST', body: '{}' });
    expect(plain.status).toBe(415);
  });

  test('finds every route of the README', async () => {
    await linkedByControl();
    const readme = readFileSync(join(import.meta.dirname, '../../../src/simulator/README.md'), 'utf8');
    const rows = [...readme.matchAll(/^\| ([A-Z]+) \| `([^`?]+)/gm)];
    expect(rows.length).toBeGreaterThan(20);
    for (const [, method = '', path = ''] of rows) {
      const real = path.replace('N', '15550100001').replace('CATEGORY', 'last').replace('ID', '1');
      const hasBody = ['POST', 'PUT', 'PATCH'].includes(method);
      expect([path, (await call(method, real, hasBody ? {} : undefined)).status]).not.toEqual([path, 404]);
    }
  });
});
