import { describe, expect, test } from 'vitest';
import { events } from '../../src/observability/events.js';
import type { LogLevel } from '../../src/observability/log-level.js';
import { createLogger } from '../../src/observability/logger.js';

const TOKEN = 'wap_3q2-7wAbCdEfGhIjKlMnOpQrStUvWxYz0123456789_ab';
const KEY = Buffer.alloc(32, 7);
const PHONE_NUMBER = '15550100123';

function capture(level: LogLevel = 'debug') {
  let text = '';
  const logger = createLogger(level, {
    write: (line: string) => {
      text += line;
    },
  });
  return {
    logger,
    text: () => text,
    lines: () =>
      text
        .split('\n')
        .filter(Boolean)
        .map(line => JSON.parse(line) as Record<string, unknown>),
  };
}

/** None of the planted secrets in any of the forms a library might print. */
function expectNoSecrets(text: string) {
  for (const secret of [
    TOKEN,
    KEY.toString('base64'),
    KEY.toString('hex'),
    JSON.stringify([...KEY]),
    PHONE_NUMBER,
    'opensesame',
  ])
    expect(text).not.toContain(secret);
}

describe('a logged line', () => {
  test('has no user and password in its URLs', () => {
    const { logger, text } = capture();
    const cause = new Error('cannot use http://desk:opensesame@proxy.example:3128/');
    logger.warn('through socks5h://opensesame@proxy.example', {
      proxy: 'https://a:opensesame@b',
      err: cause,
    });
    expectNoSecrets(text());
    expect(text()).toContain('http://[secret]@proxy.example:3128');
  });

  test('is JSON with the level, the time, the text and the fields', () => {
    const { logger, lines } = capture();
    logger.info('listening', { address: '127.0.0.1:50051' });
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        msg: 'listening',
        address: '127.0.0.1:50051',
      },
    ]);
  });

  test('is JSON whatever its fields hold', () => {
    const { logger, lines } = capture();
    const at = new Date('2026-01-31T12:00:00Z');
    const fields = {
      quoted: 'a "b"\n\\c',
      at,
      none: undefined,
      nothing: null,
      count: Number.NaN,
      list: ['"'],
    };
    for (let time = 0; time < 2; time++) logger.info('so "it" is', fields);
    const { none: _, ...told } = { ...fields, at: at.toISOString(), count: null };
    const line = { level: 'info', time: expect.any(String), ...told, msg: 'so "it" is' };
    expect(lines()).toEqual([line, line]);
  });

  test('below the level is not written', () => {
    const { logger, text } = capture('info');
    logger.debug('detail');
    expect(text()).toBe('');
  });

  test.each([
    [
      'by name',
      { outer: { inner: { token: 'opensesame', masterKey: 'opensesame', creds: { a: 'opensesame' } } } },
    ],
    ['in lists', { keys: ['opensesame'], outer: [{ inner: { password: 'opensesame' } }] }],
    [
      'by look',
      {
        outer: {
          inner: { text: `Bearer ${TOKEN}`, hex: KEY.toString('hex'), b64: `k=${KEY.toString('base64')}` },
        },
      },
    ],
    ['as bytes', { outer: { inner: { noise: KEY, data: new Uint8Array(KEY) } } }],
    [
      'as a phone number',
      { outer: { inner: { phoneNumber: `+${PHONE_NUMBER}`, phone: { n: Number(PHONE_NUMBER) } } } },
    ],
    [
      'as a phone number in words',
      { outer: { inner: { text: `linked +${PHONE_NUMBER}, ${PHONE_NUMBER}:4@s.whatsapp.net` } } },
    ],
    ['where its caller put it into a request id', { requestId: TOKEN }],
    ['below what is looked at', { a: { b: { c: { d: { e: { f: { g: { h: { text: TOKEN } } } } } } } } }],
  ])('holds no secret given %s', (_, fields) => {
    const { logger, text } = capture();
    logger.info(`for ${TOKEN} of +${PHONE_NUMBER}`, fields);
    expect(text()).not.toBe('');
    expectNoSecrets(text());
  });

  test.each([
    ['letters', 'x'],
    ['digits', '1'],
    ['slashes', '/'],
    ['words', 'wap_'],
    ['hosts', 'http://a'],
  ])('of a million %s is written, and what stands behind them is looked for', (_, part) => {
    const { logger, text } = capture();
    logger.info('called', { path: `${part.repeat(1_000_000)} ${KEY.toString('base64')}` });
    expect(text()).not.toBe('');
    expectNoSecrets(text());
  });

  test('masks a phone number but for its last four digits', () => {
    const { logger, lines } = capture();
    logger.info('linked', { text: `as ${PHONE_NUMBER}@s.whatsapp.net`, phoneNumber: `+${PHONE_NUMBER}` });
    expect(lines()[0]).toMatchObject({ text: 'as +*******0123@s.whatsapp.net', phoneNumber: '+*******0123' });
  });

  test('keeps what an operator needs to find a call', () => {
    const { logger, lines } = capture();
    const fields = {
      requestId: '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11',
      tokenId: '15550100123',
      peer: '10.0.0.1:50123',
      path: '/var/lib/whatsapp/settings/of/all/of/our/accounts/master-key',
      durationMs: 1763846400000,
    };
    logger.info('call ended', fields);
    expect(lines()[0]).toMatchObject(fields);
  });
});

describe('the events', () => {
  test('a failed call tells type, text and stack of the cause and its causes, and nothing else of them', () => {
    const { logger, lines, text } = capture();
    const cause = Object.assign(new Error('the inner one', { cause: new TypeError(`no ${TOKEN}`) }), {
      request: { metadata: { authorization: 'opensesame' }, body: 'opensesame' },
    });
    events(logger).callFailed({ requestId: 'r-1', method: 'a.B/C', cause });
    expect(lines()[0]).toMatchObject({
      level: 'error',
      event: 'call_failed',
      requestId: 'r-1',
      err: {
        type: 'Error',
        message: 'the inner one',
        cause: { type: 'TypeError', message: 'no wap_[secret]' },
      },
    });
    expectNoSecrets(text());
  });

  test('pick their fields: what else an object carries is not logged', () => {
    const { logger, text } = capture();
    const call = {
      requestId: 'r-1',
      method: 'a.B/C',
      code: 'OK',
      durationMs: 3,
      peer: '127.0.0.1:5',
      tokenId: 'k7f3q2',
      request: { displayName: 'opensesame' },
    };
    events(logger).callEnded(call);
    expectNoSecrets(text());
    expect(text()).toContain('k7f3q2');
  });

  test('never throw, also when the log cannot be written', () => {
    const write = () => {
      throw new Error('ENOSPC: no space left on device');
    };
    const log = events(createLogger('debug', { write }));
    log.taskFailed({ task: 'storing the instance', instance: 'desk', cause: new Error('disk full') });
    log.instanceStateChanged({ instance: 'desk', state: 'CONNECTED', reason: '' });
    log.stanzaRefused({ instance: 'desk', stanza: 'receipt' });
    log.masterKeyGenerated('/data/master-key');
  });

  test('of stanzas are made at level debug only', () => {
    expect(events(capture('debug').logger).stanzaSeen).toBeDefined();
    for (const level of ['info', 'warn', 'error', 'silent'] as const)
      expect(events(capture(level).logger).stanzaSeen).toBeUndefined();
  });
});
