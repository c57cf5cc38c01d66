import type { BinaryNode } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { reactionTo } from '../../../src/domain/disconnect.js';
import { BUILT_IN } from '../../../src/domain/version/client-version.js';
import {
  fromBaileys,
  fromFailure,
  fromHttpStatus,
  fromSocketError,
  fromStreamError,
} from '../../../src/whatsapp/connection/disconnects.js';

const NOW = new Date('2026-11-22T12:00:00Z');

const streamError = (attrs: Record<string, string>, conflict?: Record<string, string>): BinaryNode => ({
  tag: 'stream:error',
  attrs,
  ...(conflict && { content: [{ tag: 'conflict', attrs: conflict }] }),
});
const failure = (attrs: Record<string, string>): BinaryNode => ({ tag: 'failure', attrs });

describe('a stream error', () => {
  test.each<[string, BinaryNode, number]>([
    ['its code', streamError({ code: '515' }), 515],
    ['401 for a removed device', streamError({ code: '401' }, { type: 'device_removed' }), 401],
    ['401 for a removed device without a code', streamError({}, { type: 'device_removed' }), 401],
    ['516 where it says so', streamError({ code: '516' }, { type: 'device_removed' }), 516],
    ['440 for a replaced connection', streamError({}, { type: 'replaced' }), 440],
    ['440 for a replaced connection with 409', streamError({ code: '409' }, { type: 'replaced' }), 440],
    ['440 for a bare conflict', streamError({}, {}), 440],
    ['500 without anything', streamError({}), 500],
    ['500 for what is no code', streamError({ code: 'NaN' }), 500],
  ])('means %s', (_, node, code) => {
    const disconnect = fromStreamError(node, BUILT_IN, NOW);
    expect(disconnect.code).toBe(code);
    expect(disconnect.text).not.toBe('');
  });
});

describe('a failure', () => {
  test('means its reason', () => {
    expect(fromFailure(failure({ reason: '599' }), BUILT_IN, NOW)).toEqual({
      code: 599,
      text: 'WhatsApp ended the connection (599)',
    });
  });

  test('of 405 is about the announced version, and of 409 about the rest that this client says of itself', () => {
    const announced = {
      revision: 1040000000,
      source: 'CONFIGURED',
      releasedAt: new Date('2026-11-12T12:00:01Z'),
    } as const;
    expect(fromFailure(failure({ reason: '405', location: 'cln' }), announced, NOW)).toEqual({
      code: 405,
      text: 'WhatsApp says that this client is outdated (2.3000.1040000000, 9 days old)',
      culprit: { kind: 'client_version', version: '2.3000.1040000000', ageDays: 9 },
    });
    expect(fromFailure(failure({ reason: '409' }), announced, NOW)).toMatchObject({
      code: 409,
      text: expect.stringContaining('bad user agent'),
      culprit: { kind: 'user_agent' },
    });
    expect(fromStreamError(streamError({ code: '409' }), announced, NOW).culprit).toBeUndefined();
  });

  test('means 500, which deletes nothing, without a reason', () => {
    expect(fromFailure(failure({}), BUILT_IN, NOW).code).toBe(500);
    expect(fromFailure(failure({ reason: '-401' }), BUILT_IN, NOW).code).toBe(500);
  });

  test('tells the end of a ban, given as seconds from now or as a time', () => {
    const until = (expire: string) =>
      fromFailure(failure({ reason: '402', code: '101', expire }), BUILT_IN, NOW).until;
    expect(until('3600')).toEqual(new Date('2026-11-22T13:00:00Z'));
    expect(until('1795392000')).toEqual(new Date(1_795_392_000_000));
    for (const expire of ['', '-1', 'soon', '1e9', '99999999999']) expect(until(expire)).toBeUndefined();
    expect(fromFailure(failure({ reason: '403', expire: '3600' }), BUILT_IN, NOW).until).toBeUndefined();
  });
});

describe('an HTTP status in place of a WebSocket', () => {
  test('has a code only when it means later', () => {
    expect([429, 500, 503].map(status => fromHttpStatus(status).code)).toEqual([429, 500, 503]);
  });

  test('never ends or suspends a link, for it may come from any proxy', () => {
    for (let status = 0; status < 600; status++) expect(reactionTo(fromHttpStatus(status))).toBe('back_off');
  });
});

describe('a failed socket', () => {
  test('names the error of the system', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED 192.0.2.1:443'), { code: 'ECONNREFUSED' });
    expect(fromSocketError(error)).toEqual({ code: 428, text: 'No connection to WhatsApp (ECONNREFUSED)' });
    expect(fromSocketError('what')).toEqual({ code: 428, text: 'No connection to WhatsApp' });
  });

  test('is silence only when the system has waited in vain', () => {
    const error = Object.assign(new Error('connect ETIMEDOUT 192.0.2.1:443'), { code: 'ETIMEDOUT' });
    expect(fromSocketError(error).code).toBe(408);
  });
});

describe("an error of Baileys'", () => {
  const boom = (message: string, statusCode: number) =>
    Object.assign(new Error(message), { output: { statusCode }, data: { secret: 'x' } });

  test('tells a server that is not WhatsApp from one that does not answer', () => {
    expect(fromBaileys(boom('noise certificate signature invalid', 400)).text).toMatch(/prove/);
    expect(fromBaileys(boom('certification match failed', 400)).text).toMatch(/prove/);
    expect(fromBaileys(boom('Timed Out', 408))).toEqual({ code: 408, text: 'WhatsApp did not answer' });
    expect(fromBaileys(boom('Connection Terminated', 428)).code).toBe(428);
  });

  test('is never quoted', () => {
    for (const error of [
      boom('{"key":"x"}', 500),
      new TypeError('x.y is undefined'),
      undefined,
      1006,
      null,
    ]) {
      expect(fromBaileys(error)).toEqual({
        code: undefined,
        text: 'The handshake with WhatsApp failed',
        isUnclear: true,
      });
    }
  });
});
