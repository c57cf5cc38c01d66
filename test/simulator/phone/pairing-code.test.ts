import type { BinaryNode, WASocket } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Phone, type Simulator, startSimulator } from '../../../src/simulator/index.js';
import { type Client, closing, dial, newClient, nextQr, opening, received } from '../support/baileys.js';

let simulator: Simulator;
let phone: Phone;
let client: Client;
beforeEach(async () => {
  simulator = await startSimulator({ behaviour: { preKeys: 'not_asked' } });
  phone = simulator.addPhone({ phoneNumber: '15550100001' });
  client = newClient();
});
afterEach(() => simulator.stop());

const notLinked = (reason: string) => ({ linked: false, reason });

/** A client that has asked for a code, and the server's answer to that. */
async function askForCode(browser: [string, string, string] = ['Mac OS', 'Chrome', '14.4.1'], code?: string) {
  const sock: WASocket = dial(simulator, client, { browser });
  await nextQr(sock);
  const answer = received(sock, 'CB:iq');
  const shown = await sock.requestPairingCode('15550100001', code);
  return { sock, code: shown, answer: await answer };
}

describe('a pairing code', () => {
  test('links the client that shows it, which then logs in', async () => {
    const { sock, code } = await askForCode();
    const ended = closing(sock);
    expect(await phone.enterCode(code)).toEqual({ linked: true, device: 1 });
    expect(await ended).toBe(515);
    expect(client.creds.me?.id).toBe('15550100001:1@s.whatsapp.net');
    await opening(dial(simulator, client));
  });

  test('may be typed with a hyphen and small letters', async () => {
    await askForCode(undefined, 'ABCD2345');
    expect(await phone.enterCode('abcd-2345')).toEqual({ linked: true, device: 1 });
  });

  test('that is wrong links nothing, and three wrong ones are the end of it', async () => {
    const { code } = await askForCode(undefined, 'ABCD2345');
    for (const wrong of ['ABCD2346', 'ZZZZZZZZ', '1']) {
      expect(await phone.enterCode(wrong)).toEqual(notLinked('wrong_code'));
    }
    expect(await phone.enterCode(code)).toEqual(notLinked('too_many_tries'));
    expect(phone.devices()).toEqual([]);
  });

  test('links after a wrong try', async () => {
    const { code } = await askForCode();
    expect(await phone.enterCode('ZZZZZZZZ')).toEqual(notLinked('wrong_code'));
    expect(await phone.enterCode(code)).toEqual({ linked: true, device: 1 });
  });

  test('is not known to a phone that nobody asked for', async () => {
    const { code } = await askForCode();
    const other = simulator.addPhone({ phoneNumber: '15550100002' });
    expect(await other.enterCode(code)).toEqual(notLinked('no_code_request'));
  });

  test('is no good once the client has gone', async () => {
    const { sock, code } = await askForCode();
    await sock.end(undefined);
    await expect.poll(() => phone.enterCode(code)).toEqual(notLinked('no_code_request'));
  });

  test('may have to be shown anew', async () => {
    expect(phone.refreshCode()).toBe(false);
    const { sock } = await askForCode();
    const notification = received(sock, 'CB:notification,type:link_code_companion_reg');
    expect(phone.refreshCode()).toBe(true);
    expect((await notification).content).toMatchObject([
      { attrs: { stage: 'refresh_code', force_manual_refresh: 'true' } },
    ]);
  });
});

describe('a request for a code', () => {
  test('is answered with a ref', async () => {
    const { answer } = await askForCode();
    expect(answer).toMatchObject({
      attrs: { type: 'result' },
      content: [{ tag: 'link_code_companion_reg', content: [{ tag: 'link_code_pairing_ref' }] }],
    });
  });

  test('is refused with 400 for a browser nobody knows', async () => {
    const { answer, code } = await askForCode(['Acme', 'Chrome', '1']);
    expect(answer).toMatchObject({ attrs: { type: 'error' }, content: [{ attrs: { code: '400' } }] });
    expect(await phone.enterCode(code)).toEqual(notLinked('no_code_request'));
  });

  test('is refused or taken whatever the browser where the server is made to', async () => {
    simulator.behaviour.platformDisplay = 'refused';
    expect((await askForCode()).answer.attrs['type']).toBe('error');
    simulator.behaviour.platformDisplay = 'any';
    client = newClient();
    expect((await askForCode(['Acme', 'Chrome', '1'])).answer.attrs['type']).toBe('result');
  });

  test('for a number that is not on WhatsApp is answered 404', async () => {
    const sock = dial(simulator, client);
    await nextQr(sock);
    const answer = received(sock, 'CB:iq');
    await sock.requestPairingCode('15550100009');
    expect(await answer).toMatchObject({ content: [{ attrs: { code: '404' } }] });
  });
});

test('a registering client can be sent any notification', async () => {
  const sock = dial(simulator, client);
  await nextQr(sock);
  const notification: Promise<BinaryNode> = received(sock, 'CB:notification');
  expect(simulator.notifyRegistering('link_code_companion_reg')).toBe(1);
  expect((await notification).content).toBeUndefined();
});
