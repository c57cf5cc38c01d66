import type { BinaryNode, WASocket } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Lie, Phone, Simulator } from '../../../src/simulator/index.js';
import {
  type Client,
  closing,
  dial,
  newClient,
  nextQr,
  opening,
  received,
  startLinked,
} from '../support/baileys.js';
import { category, getPrivacy, sendSet, setPrivacy } from '../support/privacy.js';

let simulator: Simulator;
let phone: Phone;
let client: Client;
let sock: WASocket;
beforeEach(async () => {
  // Without Baileys' own queries, which faults would be spent on.
  ({ simulator, phone, client, sock } = await startLinked({ fireInitQueries: false }));
});
afterEach(() => simulator.stop());

const LAST = { on: 'privacy_set', category: 'last' } as const;
const stored = () => phone.settings()['last'];

describe('a fault', () => {
  test('happens as often as it says, after as many as it says, and then no more', async () => {
    const fault = simulator.inject({ match: LAST, effect: { do: 'refuse', code: 500 }, times: 2, after: 1 });
    const outcomes: unknown[] = [];
    for (const value of ['none', 'all', 'none', 'contacts']) {
      outcomes.push(
        await setPrivacy(sock, { last: value }).then(
          () => 'ok',
          error => error.data,
        ),
      );
    }
    expect(outcomes).toEqual(['ok', 500, 500, 'ok']);
    expect(fault.hits()).toBe(2);
    expect(simulator.faults()).toEqual([]);
  });

  test('is for the stanzas it names only', async () => {
    simulator.inject({ match: LAST, effect: { do: 'refuse', code: 400 } });
    simulator.inject({
      match: { on: 'iq', xmlns: 'blocklist', type: 'get' },
      effect: { do: 'refuse', code: 503 },
    });
    simulator.inject({ match: { on: 'privacy_get', phoneNumber: '+15550100002' }, effect: { do: 'close' } });
    expect(await setPrivacy(sock, { online: 'match_last_seen' })).toEqual([
      category('online', 'match_last_seen'),
    ]);
    expect(await getPrivacy(sock)).toMatchObject({ last: 'all' });
    await expect(sock.fetchBlocklist()).rejects.toMatchObject({ data: 503 });
    await expect(setPrivacy(sock, { last: 'none' })).rejects.toMatchObject({ data: 400 });
  });

  test('can be taken back', async () => {
    const fault = simulator.inject({ match: LAST, effect: { do: 'close' }, times: Number.POSITIVE_INFINITY });
    fault.remove();
    simulator.inject({ match: LAST, effect: { do: 'close' } });
    simulator.clearFaults();
    expect(await setPrivacy(sock, { last: 'none' })).toEqual([category('last', 'none')]);
  });
});

describe('a refused set', () => {
  test.each([400, 403, 409, 429, 500])('by value="error" with code %i is not applied', async code => {
    simulator.inject({ match: LAST, effect: { do: 'refuse_category', code, text: 'no' } });
    expect(await setPrivacy(sock, { last: 'none' })).toMatchObject([
      {
        attrs: { name: 'last', value: 'error' },
        content: [{ tag: 'error', attrs: { code: `${code}`, text: 'no' } }],
      },
    ]);
    expect(stored()).toBe('all');
    expect(simulator.sets('15550100001')).toEqual([]);
  });

  test('by an error stanza may be applied all the same', async () => {
    simulator.inject({ match: LAST, effect: { do: 'refuse', code: 500, applied: true } });
    await expect(setPrivacy(sock, { last: 'none' })).rejects.toMatchObject({ data: 500 });
    expect(stored()).toBe('none');
  });

  test('may have no error in it', async () => {
    simulator.inject({ match: LAST, effect: { do: 'refuse' } });
    expect(await sendSet(sock, { last: 'none' })).toMatchObject({ attrs: { type: 'error' } });
    expect(stored()).toBe('all');
  });

  test('of a read names the category that could not be read', async () => {
    simulator.inject({
      match: { on: 'privacy_get' },
      effect: { do: 'refuse_category', category: 'status', code: 500 },
    });
    expect(await getPrivacy(sock)).toMatchObject({ status: 'error', last: 'all' });
  });
});

describe('a reply that lies', () => {
  const LIES: [Lie, unknown][] = [
    ['wrong_name', [{ tag: 'privacy', content: [category('online', 'none')] }]],
    ['other_value', [{ tag: 'privacy', content: [category('last', 'all')] }]],
    ['unknown_value', [{ tag: 'privacy', content: [category('last', 'close_friends')] }]],
    ['two_categories', [{ tag: 'privacy', content: [category('last', 'none'), category('status', 'all')] }]],
    ['empty', undefined],
    ['no_privacy', [{ tag: 'settings' }]],
    ['text', [{ tag: 'privacy', content: Buffer.from('ok') }]],
  ];

  test.each(LIES)('with %s still applies the change', async (lie, content) => {
    simulator.inject({ match: LAST, effect: { do: 'lie', lie } });
    const reply = await sendSet(sock, { last: 'none' });
    if (content === undefined) expect(reply.content).toBeUndefined();
    else expect(reply.content).toMatchObject(content as object);
    expect(reply.attrs['type']).toBe('result');
    expect(stored()).toBe('none');
  });

  test('may lie about a change that was not made', async () => {
    simulator.inject({ match: LAST, effect: { do: 'lie', lie: 'other_value', applied: false } });
    await sendSet(sock, { last: 'none' });
    expect(stored()).toBe('all');
  });

  test('by confirming a change that was not made', async () => {
    simulator.inject({ match: LAST, effect: { do: 'lie', lie: 'confirm' } });
    expect(await setPrivacy(sock, { last: 'none' })).toEqual([category('last', 'none')]);
    expect(stored()).toBe('all');
  });
});

describe.each([
  ['before_apply', 'all'],
  ['after_apply', 'none'],
] as const)('a set that is disturbed %s', (moment, value) => {
  test.each([
    ['close', 428],
    ['reset', 428],
  ] as const)('by %s ends the connection and leaves the setting there', async (effect, code) => {
    simulator.inject({ match: LAST, effect: { do: effect, moment } });
    const ended = closing(sock);
    await expect(sendSet(sock, { last: 'none' })).rejects.toBeDefined();
    expect(await ended).toBe(code);
    expect(stored()).toBe(value);
  });

  test.each([401, 440, 503, 515])('by stream error %i', async code => {
    const conflict = code === 440 ? { conflict: 'replaced' } : { code };
    simulator.inject({ match: LAST, effect: { do: 'stream_error', moment, ...conflict } });
    const ended = closing(sock);
    sendSet(sock, { last: 'none' }, 500).catch(() => undefined);
    expect(await ended).toBe(code);
    expect(stored()).toBe(value);
  });

  test('by silence is never answered, and the connection goes on', async () => {
    simulator.inject({ match: LAST, effect: { do: 'silence', moment } });
    await expect(sendSet(sock, { last: 'none' }, 100)).rejects.toMatchObject({
      output: { statusCode: 408 },
    });
    expect(await getPrivacy(sock)).toMatchObject({ last: value });
  });

  test('by going half-open is never answered, nor is anything after it', async () => {
    const fault = simulator.inject({ match: LAST, effect: { do: 'half_open', moment } });
    await expect(sendSet(sock, { last: 'none' }, 100)).rejects.toBeDefined();
    await expect.poll(() => fault.hits()).toBe(1);
    await expect(sendSet(sock, { online: 'match_last_seen' }, 100)).rejects.toBeDefined();
    expect(sock.ws.isOpen).toBe(true);
    expect(phone.settings()).toMatchObject({ last: value, online: 'all' });
    await opening(dial(simulator, client));
  });

  test('by a delay is overtaken by later stanzas and answered in the end', async () => {
    simulator.inject({ match: LAST, effect: { do: 'delay', ms: 1500, moment } });
    const answered: string[] = [];
    const late = sendSet(sock, { last: 'none' }).then(() => answered.push('late'));
    await getPrivacy(sock).then(settings => {
      answered.push('read');
      expect(settings['last']).toBe(value);
    });
    await late;
    expect(answered).toEqual(['read', 'late']);
    expect(stored()).toBe('none');
  });
});

describe('any stanza at all', () => {
  test('may be the reply, under the id of the request', async () => {
    const stanza = {
      tag: 'iq',
      attrs: { type: 'result', id: 'other' },
      content: [{ tag: 'odd', attrs: {} }],
    };
    simulator.inject({ match: LAST, effect: { do: 'reply', stanza } });
    expect(await sendSet(sock, { last: 'none' })).toMatchObject({ content: [{ tag: 'odd' }] });
    expect(stored()).toBe('none');
  });

  test.each([
    ['go_on', 'answered'],
    ['stop', 408],
    ['close', 428],
  ] as const)('may come before the reply, and then %s', async (next, outcome) => {
    const stanza = { tag: 'ib', attrs: {}, content: [{ tag: 'odd', attrs: {} }] };
    simulator.inject({ match: LAST, effect: { do: 'send', stanza, next } });
    const odd = received(sock, 'CB:ib,,odd');
    const ended = closing(sock);
    const reply = sendSet(sock, { last: 'none' }, next === 'go_on' ? 10_000 : 500).then(
      () => 'answered',
      error => error?.output?.statusCode,
    );
    await odd;
    if (next === 'close') expect(await ended).toBe(outcome);
    else expect(await reply).toBe(outcome);
    await reply;
  });

  test('may be sent at any time', async () => {
    const ended = closing(sock);
    phone.send({ tag: 'ib', attrs: {}, content: [{ tag: 'downgrade_webclient', attrs: {} }] });
    expect(await ended).toBe(411);
  });
});

test('what would follow the reply does not follow a refusal', async () => {
  simulator.inject({ match: { on: 'iq', xmlns: 'md' }, effect: { do: 'refuse', code: 503 } });
  await sock.logout();
  await expect.poll(() => phone.devices()).toMatchObject([{ connected: false }]);
});

describe('a set that is disturbed after the reply', () => {
  test('is confirmed, and then the connection ends', async () => {
    simulator.inject({ match: LAST, effect: { do: 'stream_error', code: 503, moment: 'after_reply' } });
    const ended = closing(sock);
    expect(await setPrivacy(sock, { last: 'none' })).toEqual([category('last', 'none')]);
    expect(await ended).toBe(503);
  });
});

describe('a frame', () => {
  test.each(['undecodable', 'undecryptable'] as const)(
    'that is %s reaches the client before the reply',
    async effect => {
      const failures: unknown[] = [];
      const note = (reason: unknown) => failures.push(reason);
      const others = process.listeners('unhandledRejection');
      process.removeAllListeners('unhandledRejection');
      process.on('unhandledRejection', note);
      try {
        simulator.inject({ match: LAST, effect: { do: effect } });
        const reply = sendSet(sock, { last: 'none' }, effect === 'undecodable' ? 10_000 : 500).then(
          () => 'answered',
          () => 'lost',
        );
        await expect.poll(() => failures.length).toBeGreaterThan(0);
        // Only a frame that no counter sealed puts the two sides out of step.
        expect(await reply).toBe(effect === 'undecodable' ? 'answered' : 'lost');
        expect(stored()).toBe('none');
      } finally {
        process.off('unhandledRejection', note);
        for (const listener of others) process.on('unhandledRejection', listener);
      }
    },
  );

  test('may share its WebSocket message with another', async () => {
    simulator.inject({ match: LAST, effect: { do: 'two_in_one' } });
    const messages: Buffer[] = [];
    const frames: BinaryNode[] = [];
    sock.ws.on('message', (data: Buffer) => messages.push(data));
    sock.ws.on('frame', (frame: BinaryNode) => frames.push(frame));
    expect(await setPrivacy(sock, { last: 'none' })).toEqual([category('last', 'none')]);
    expect(messages).toHaveLength(1);
    expect(frames).toMatchObject([{ attrs: { xmlns: 'urn:xmpp:ping' } }, { attrs: { type: 'result' } }]);
  });
});

describe('at the upgrade', () => {
  beforeEach(() => sock.end(undefined));

  test.each([429, 503])('HTTP status %i is the answer', async status => {
    simulator.inject({ match: { on: 'upgrade' }, effect: { do: 'http', status } });
    const again = dial(simulator, client);
    const refused = new Promise<number>(resolve => {
      again.ws.on('unexpected-response', (_request: unknown, response: { statusCode: number }) =>
        resolve(response.statusCode),
      );
    });
    expect(await refused).toBe(status);
    await opening(dial(simulator, client));
  });

  test('silence leaves the client waiting', async () => {
    simulator.inject({ match: { on: 'upgrade' }, effect: { do: 'silence' } });
    expect(await closing(dial(simulator, client, { connectTimeoutMs: 200 }))).toBe(408);
  });

  test.each(['close', 'reset'] as const)('%s ends the attempt', async effect => {
    simulator.inject({ match: { on: 'upgrade' }, effect: { do: effect } });
    expect(await closing(dial(simulator, client))).toBeDefined();
  });
});

describe('after the hello', () => {
  beforeEach(() => sock.end(undefined));

  test.each(['silence', 'close', 'reset', 'undecodable'] as const)('%s ends the attempt', async effect => {
    simulator.inject({ match: { on: 'hello' }, effect: { do: effect } });
    await closing(dial(simulator, client, { connectTimeoutMs: 200 }));
    expect(simulator.connections()).toBe(0);
    await opening(dial(simulator, client));
  });
});

describe('at the login', () => {
  beforeEach(() => sock.end(undefined));

  test.each([403, 405, 406, 409, 500, 503])('failure %i is the reason', async reason => {
    simulator.inject({ match: { on: 'login' }, effect: { do: 'failure', reason } });
    expect(await closing(dial(simulator, client))).toBe(reason);
    await opening(dial(simulator, client));
  });

  test('a temporary ban says what for and how long', async () => {
    simulator.inject({
      match: { on: 'login', phoneNumber: '15550100001' },
      effect: { do: 'failure', reason: 402, code: 101, expire: 3600 },
    });
    const again = dial(simulator, client);
    const failure = new Promise<BinaryNode>(resolve => again.ws.on('CB:failure', resolve));
    expect((await failure).attrs).toEqual({ reason: '402', code: '101', expire: '3600' });
  });

  test('silence leaves the client without an answer', async () => {
    simulator.inject({ match: { on: 'login' }, effect: { do: 'silence' } });
    const again = dial(simulator, client);
    await expect.poll(() => simulator.connections()).toBe(1);
    expect(phone.devices()).toMatchObject([{ connected: false }]);
    await again.end(undefined);
  });

  test('a delay puts it off', async () => {
    simulator.inject({ match: { on: 'login' }, effect: { do: 'delay', ms: 200 } });
    const started = performance.now();
    await opening(dial(simulator, client));
    expect(performance.now() - started).toBeGreaterThanOrEqual(195);
  });

  test('stream error 429 is told', async () => {
    simulator.inject({ match: { on: 'login' }, effect: { do: 'stream_error', code: 429 } });
    expect(await closing(dial(simulator, client))).toBe(429);
  });
});

describe('at the registration', () => {
  test('failure 405 is the reason', async () => {
    simulator.inject({ match: { on: 'registration' }, effect: { do: 'failure', reason: 405 } });
    expect(await closing(dial(simulator, newClient()))).toBe(405);
    await nextQr(dial(simulator, newClient()));
  });
});

describe('a set that takes effect late', () => {
  const late = (more: { code?: number } = {}) =>
    simulator.inject({ match: LAST, effect: { do: 'late', ms: 300, ...more } });

  test('is never answered, or with an error at once', async () => {
    late({ code: 503 });
    await expect(setPrivacy(sock, { last: 'none' })).rejects.toMatchObject({ data: 503 });
    await expect.poll(stored).toBe('none');
    late();
    await expect(sendSet(sock, { last: 'contacts' }, 1_000)).rejects.toThrow();
    await expect.poll(stored).toBe('contacts');
    const events = simulator.journal(phone.phoneNumber).map(({ event }) => event);
    expect(events).toEqual(['asked', 'answered', 'changed', 'asked', 'changed']);
  });

  test.each([
    ['late', { do: 'late', ms: 60_000 }],
    ['delay', { do: 'delay', ms: 60_000 }],
  ] as const)(
    '(%s) has its effect before the next login, or never, when its connection ends',
    async (_, effect) => {
      for (const [cutOff, after] of [
        ['dropped', 'all'],
        ['applied', 'none'],
      ] as const) {
        simulator.behaviour.cutOff = cutOff;
        simulator.inject({ match: LAST, effect });
        void sendSet(sock, { last: 'none' }).catch(() => undefined);
        await expect.poll(() => simulator.faults()).toEqual([]);
        phone.dropConnections('close');
        await expect.poll(() => phone.devices()[0]?.connected).toBe(false);
        expect(stored()).toBe('all');
        sock = dial(simulator, client, { fireInitQueries: false });
        await opening(sock);
        expect(stored()).toBe(after);
      }
    },
  );

  test('is judged when it takes effect', async () => {
    simulator.inject({ match: LAST, effect: { do: 'delay', ms: 200 } });
    const reply = setPrivacy(sock, { last: 'none' });
    await expect.poll(() => simulator.faults()).toEqual([]);
    phone.setPrivacy('defense', 'on_standard');
    expect(await reply).toMatchObject([{ attrs: { value: 'error' } }]);
    expect(stored()).toBe('all');
  });
});
