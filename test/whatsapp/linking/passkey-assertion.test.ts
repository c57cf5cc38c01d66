import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { newPasskey, signAssertion } from '../../../src/simulator/world/passkey.js';
import {
  judgeAssertion,
  parseOptions,
  type RequestOptions,
} from '../../../src/whatsapp/linking/passkey-assertion.js';
import { authenticator, WHATSAPP_WEB } from '../../support/authenticator.js';

const CHALLENGE = randomBytes(32).toString('base64url');
/** As WhatsApp sends them. */
const OPTIONS = {
  challenge: CHALLENGE,
  timeout: 600_000,
  rpId: 'whatsapp.com',
  allowCredentials: [],
  userVerification: 'required',
  extensions: { uvm: true },
};
const optionsWith = (fields: object = {}): RequestOptions => {
  const options = parseOptions(JSON.stringify({ ...OPTIONS, ...fields }));
  if (!options) throw new Error('no options');
  return options;
};

type Parts = { id: string; rawId: string; type: string; response: Record<string, unknown> };
const browser = authenticator();
const good = browser.get(JSON.stringify(OPTIONS));
const parts = (): Parts => JSON.parse(good) as Parts;
const withResponse = (fields: object) => {
  const { response, ...rest } = parts();
  return JSON.stringify({ ...rest, response: { ...response, ...fields } });
};
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const withClientData = (fields: object) =>
  withResponse({
    clientDataJSON: encoded({ type: 'webauthn.get', challenge: CHALLENGE, origin: WHATSAPP_WEB, ...fields }),
  });
const withAuthenticatorData = (change: (data: Buffer) => Buffer | undefined) => {
  const data = Buffer.from(String(parts().response['authenticatorData']), 'base64url');
  return withResponse({ authenticatorData: (change(data) ?? data).toString('base64url') });
};

describe('the options of WhatsApp', () => {
  test('are kept word for word, with what this service needs of them', () => {
    const json = ` { "challenge": "${CHALLENGE}", "somethingNew": [1] } `;
    expect(parseOptions(json)).toEqual({
      json,
      challenge: Buffer.from(CHALLENGE, 'base64url'),
      rpId: 'web.whatsapp.com',
      timeoutMs: undefined,
    });
    expect(optionsWith()).toMatchObject({ rpId: 'whatsapp.com', timeoutMs: 600_000 });
  });

  test.each([
    undefined,
    '',
    '{',
    'null',
    '[]',
    '{"challenge":""}',
    '{"challenge":1}',
    `{"challenge":"YQ","x":"${'x'.repeat(16_384)}"}`,
  ])('are not: %.20s', json => {
    expect(parseOptions(json)).toBeUndefined();
  });
});

describe('an assertion', () => {
  test.each([
    ['of another authenticator', good],
    ['of the simulated phone', signAssertion(newPasskey(), OPTIONS, WHATSAPP_WEB)],
    ['made below the domain', browser.get(JSON.stringify(OPTIONS), 'https://business.whatsapp.com')],
    ['without user handle', withResponse({ userHandle: undefined })],
  ])('%s is taken', (_, text) => {
    expect(judgeAssertion(text, optionsWith())).toHaveProperty('assertion');
  });

  test('is cut to what WhatsApp is known to take', () => {
    const judged = judgeAssertion(good, optionsWith());
    if (!('assertion' in judged)) throw new Error('not taken');
    const { id, rawId, type, response } = parts();
    const { clientDataJSON, authenticatorData, signature, userHandle } = response;
    expect(JSON.parse(judged.assertion.json)).toEqual({
      id,
      rawId,
      type,
      response: { clientDataJSON, authenticatorData, signature, userHandle },
    });
    expect(judged.assertion.credentialId).toEqual(Buffer.from(rawId, 'base64url'));
    const without = judgeAssertion(withResponse({ userHandle: undefined }), optionsWith());
    expect('assertion' in without && JSON.parse(without.assertion.json).response.userHandle).toBeNull();
  });

  test('of another challenge is told apart', () => {
    const other = { challenge: randomBytes(32).toString('base64url') };
    expect(judgeAssertion(good, optionsWith(other))).toEqual({ isOfAnother: true });
  });

  test.each<[string, string, RegExp]>([
    ['that is too long', good.padEnd(16_385), /at most 16384 bytes/],
    ['that is no JSON', '{', /JSON of a WebAuthn assertion$/],
    ['of another type', JSON.stringify({ ...parts(), type: 'password' }), /see type$/],
    ['without a signature', withResponse({ signature: '' }), /see response\.signature$/],
    ['that is not in base64url', withResponse({ signature: 'a+b=' }), /see response\.signature$/],
    ['with two ids', JSON.stringify({ ...parts(), id: 'YQ' }), /same id and rawId/],
    [
      'whose client data are none',
      withResponse({ clientDataJSON: 'e30' }),
      /clientDataJSON of webauthn\.get/,
    ],
    [
      'of a registration',
      withClientData({ type: 'webauthn.create' }),
      /clientDataJSON of webauthn\.get: see type/,
    ],
    ['of another page', withClientData({ origin: 'https://example.com' }), /page of https:\/\/whatsapp\.com/],
    ['of a page that only ends so', withClientData({ origin: 'https://evilwhatsapp.com' }), /page of/],
    ['of a page without TLS', withClientData({ origin: 'http://web.whatsapp.com' }), /page of/],
    ['whose data are cut', withAuthenticatorData(data => data.subarray(0, 36)), /authenticatorData for/],
    ['for another party', withAuthenticatorData(data => void data.fill(0, 0, 1)), /authenticatorData for/],
    [
      'without presence',
      withAuthenticatorData(data => void data.writeUInt8(0x04, 32)),
      /present and verified/,
    ],
    [
      'without verification',
      withAuthenticatorData(data => void data.writeUInt8(0x01, 32)),
      /present and verified/,
    ],
  ])('%s is not', (_, text, why) => {
    const judged = judgeAssertion(text, optionsWith());
    if (!('wrong' in judged)) throw new Error('taken');
    expect(judged.wrong).toMatch(why);
    expect(judged.wrong).not.toContain('a+b=');
  });
});
