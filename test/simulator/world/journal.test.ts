import type { WASocket } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Phone, PrivacyEvent, Simulator } from '../../../src/simulator/index.js';
import { startLinked } from '../support/baileys.js';
import { getPrivacy, setPrivacy } from '../support/privacy.js';

let simulator: Simulator;
let phone: Phone;
let sock: WASocket;
beforeEach(async () => {
  ({ simulator, phone, sock } = await startLinked({ fireInitQueries: false }));
});
afterEach(() => simulator.stop());

const inWords = (event: PrivacyEvent): string => {
  switch (event.event) {
    case 'asked':
      return `asked to ${event.iq.attrs['type']}`;
    case 'changed':
      return `changed ${event.category}=${event.value} for device ${event.device}`;
    case 'answered':
      return `answered ${event.reply.attrs['type']}`;
  }
};
const journal = () => simulator.journal('+15550100001').map(inWords);

test('the journal tells in which order the server was asked, changed something and answered', async () => {
  simulator.inject({ match: { on: 'privacy_set' }, effect: { do: 'delay', ms: 200 } });
  const late = setPrivacy(sock, { last: 'none' });
  await getPrivacy(sock);
  phone.setPrivacy('online', 'match_last_seen');
  await late;
  expect(journal()).toEqual([
    'asked to set',
    'asked to get',
    'answered result',
    'changed online=match_last_seen for device 0',
    'changed last=none for device 1',
    'answered result',
  ]);
});

test('the journal holds no answer that did not leave', async () => {
  simulator.inject({ match: { on: 'privacy_set' }, effect: { do: 'close', moment: 'after_apply' } });
  const answers = [setPrivacy(sock, { last: 'none' }), getPrivacy(sock)];
  for (const answer of answers) await expect(answer).rejects.toBeDefined();
  expect(journal()).toEqual(['asked to set', 'changed last=none for device 1', 'asked to get']);
});
