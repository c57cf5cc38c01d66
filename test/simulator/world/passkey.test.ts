import { describe, expect, test } from 'vitest';
import {
  isAssertionOf,
  newPasskey,
  passkeyOptions,
  signAssertion,
} from '../../../src/simulator/world/passkey.js';
import { authenticator, WHATSAPP_WEB } from '../../support/authenticator.js';

const options = passkeyOptions(600_000);

type Assertion = { id: string; rawId: string; response: Record<string, string> };
const changed = (text: string, change: (assertion: Assertion) => unknown): string => {
  const assertion = JSON.parse(text) as Assertion;
  change(assertion);
  return JSON.stringify(assertion);
};
/** With another byte of the authenticator's data, by its place. */
const withByte = (text: string, place: number, byte: number) =>
  changed(text, ({ response }) => {
    const data = Buffer.from(response['authenticatorData'] ?? '', 'base64url');
    data[place] = byte;
    response['authenticatorData'] = data.toString('base64url');
  });

describe('the server takes an assertion', () => {
  test('of an authenticator that it did not make', () => {
    const browser = authenticator();
    const assertion = browser.get(JSON.stringify(options));
    expect(isAssertionOf(newPasskey(browser.passkey), options, assertion)).toBe(true);
    expect(isAssertionOf(newPasskey(authenticator().passkey), options, assertion)).toBe(false);
  });

  test('of the simulated phone', () => {
    const passkey = newPasskey();
    expect(isAssertionOf(passkey, options, signAssertion(passkey, options, WHATSAPP_WEB))).toBe(true);
  });
});

describe('the server does not take an assertion', () => {
  const passkey = newPasskey();
  const good = signAssertion(passkey, options, WHATSAPP_WEB);

  test.each<[string, string]>([
    ['of another challenge', signAssertion(passkey, passkeyOptions(600_000), WHATSAPP_WEB)],
    ['made on a page of somebody else', signAssertion(passkey, options, 'https://example.com')],
    ['made on a page whose name only ends so', signAssertion(passkey, options, 'https://evilwhatsapp.com')],
    ['for another party', signAssertion(passkey, { ...options, rpId: 'example.com' }, WHATSAPP_WEB)],
    ['of another passkey', signAssertion(newPasskey(), options, WHATSAPP_WEB)],
    [
      'with another signature',
      changed(good, ({ response }) => Object.assign(response, { signature: 'MAA' })),
    ],
    ['of a user who was not verified', withByte(good, 32, 0x19)],
    ['whose counter was changed', withByte(good, 36, 1)],
    ['that is cut', good.slice(0, -1)],
    ['that is none', '{}'],
  ])('%s', (_, assertion) => {
    expect(isAssertionOf(passkey, options, assertion)).toBe(false);
  });
});
