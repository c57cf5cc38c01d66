import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startSimulator } from '../../../src/simulator/index.js';
import { dial, linked, opening, received } from '../support/baileys.js';
import { getPrivacy } from '../support/privacy.js';

let folder: string;
let stateFile: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'simulator-'));
  stateFile = join(folder, 'state.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a simulator that starts again knows its phones, their devices and what they missed', async () => {
  const first = await startSimulator({ stateFile });
  const account = {
    phoneNumber: '15550100001',
    settings: { pix: 'contacts' },
    lists: { status: ['15550100002'] },
  };
  const phone = first.addPhone(account);
  const { client, sock } = await linked(first, phone);
  await sock.end(undefined);
  await expect.poll(() => phone.devices()[0]?.connected).toBe(false);
  phone.setPrivacy('last', 'none');
  await first.stop();

  const second = await startSimulator({ stateFile });
  expect(second.rootKey).toBe(first.rootKey);
  expect(second.sets('15550100001')).toMatchObject([{ category: 'last', value: 'none', device: 0 }]);
  expect(second.phone('15550100001')?.contactList('status')).toEqual(phone.contactList('status'));
  const again = dial(second, client);
  const missed = received(again, 'CB:notification,type:account_sync,privacy');
  await opening(again);
  await missed;
  expect(await getPrivacy(again)).toMatchObject({ last: 'none', pix: 'contacts' });
  await second.stop();
});

test('a state file that is broken stops the start', async () => {
  writeFileSync(stateFile, '{"keys":');
  await expect(startSimulator({ stateFile })).rejects.toThrow();
});
