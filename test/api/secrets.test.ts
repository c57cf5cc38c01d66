import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { bearer, failureOf } from '../support/call.js';
import { link, linkWithPasskey } from '../support/link.js';
import { secretsIn } from '../support/log-scan.js';
import { ACCOUNT_TOKEN, type Service, startService } from '../support/service.js';

let service: Service;
/** Everything secret that the run below makes or is given, by what it is. */
const secrets = new Map<string, string>([['account token', ACCOUNT_TOKEN]]);

/** A life of two accounts, linked both ways, with what can go wrong in it; logged in every detail. */
beforeAll(async () => {
  service = await startService({ env: { WA_PRIVACY_LOG_LEVEL: 'debug' } });
  const { simulator, client } = service;
  const byQr = simulator.addPhone({ phoneNumber: '15550177001' });
  const byCode = simulator.addPhone({ phoneNumber: '15550177002' });
  for (const { phoneNumber, lid } of [byQr, byCode]) {
    secrets.set(`phone number ${phoneNumber}`, phoneNumber);
    secrets.set(`lid of ${phoneNumber}`, lid);
  }
  const first = await client.call(Instances.createInstance, { name: 'by-qr' });
  secrets.set('instance token', first.secret);
  const { shown } = await link(client, 'by-qr', byQr);
  for (const [index, payload] of shown.entries())
    for (const part of (payload.split('#')[1] ?? '').split(',').slice(0, 4))
      secrets.set(`part of QR ${index}: ${part}`, part);

  await client.call(Instances.createInstance, { name: 'by-code' });
  const method = { $case: 'pairingCode', value: { phoneNumber: `+${byCode.phoneNumber}` } } as const;
  for await (const { event } of client.stream(Instances.linkInstance, { instance: 'by-code', method })) {
    if (event?.$case !== 'pairingCode') continue;
    secrets.set('pairing code', event.value.code);
    void byCode.enterCode(event.value.code);
  }

  const byPasskey = simulator.addPhone({ phoneNumber: '15550177003', passkey: true });
  await client.call(Instances.createInstance, { name: 'by-passkey' });
  const events = await linkWithPasskey(client, 'by-passkey', byPasskey, { compareCode: true });
  for (const event of events)
    if (event?.$case === 'passkeyRequest') {
      secrets.set('challenge', JSON.parse(event.value.optionsJson).challenge);
      const assertion = byPasskey.assertPasskey(event.value.optionsJson);
      secrets.set('assertion', JSON.parse(assertion).response.clientDataJSON);
    }
  secrets.set('confirmation code', byPasskey.confirmationCode() ?? '');

  secrets.set('wrong token', 'wap_a-token-that-nobody-has');
  await failureOf(
    client.call(
      Privacy.getPrivacySettings,
      { instance: 'by-qr' },
      { metadata: bearer('wap_a-token-that-nobody-has') },
    ),
  );
  await failureOf(client.call(Instances.createInstance, { name: `+${byQr.phoneNumber}` }));
  simulator.inject({ match: { on: 'privacy_get' }, effect: { do: 'undecryptable' } });
  await client.call(Privacy.getPrivacySettings, { instance: 'by-qr' });
  await client.call(Privacy.updatePrivacySettings, {
    instance: 'by-code',
    visibility: { lastSeen: LastSeenVisibility.NONE },
  });
  byQr.streamError(503);
  await service.stop();
  await service.start();
  await service.client.call(Privacy.getPrivacySettings, { instance: 'by-code' });
  byCode.removeDevice(byCode.devices()[0]?.device ?? 0);
  await service.stop();
  secrets.set('master key', readFileSync(join(service.dataDir, 'master-key'), 'utf8').trim());
});
afterAll(async () => {
  await service.start();
  await service[Symbol.asyncDispose]();
});

/** Which secrets stand in a text, as they are or in hex. */
const foundIn = (text: string): string[] =>
  [...secrets]
    .filter(
      ([, value]) => text.includes(value) || text.includes(Buffer.from(value, 'base64').toString('hex')),
    )
    .map(([what]) => what);

describe('what the service writes', () => {
  test('there is something to find', () => {
    expect(secrets.size).toBeGreaterThan(12);
    expect(service.log.length).toBeGreaterThan(20);
    expect(foundIn(`x ${secrets.get('pairing code')} x`)).toEqual(['pairing code']);
    for (const what of ['account token', 'instance token', 'pairing code', 'master key'])
      expect(secretsIn([`{"text":"${secrets.get(what)}"}`], []), what).toHaveLength(1);
  });

  test('to its log holds no token, phone number, key or code', () => {
    expect(foundIn(service.log.join('\n'))).toEqual([]);
  });

  test('to its database holds none either', () => {
    const files = readdirSync(service.dataDir).filter(name => name.startsWith('wa-privacy.db'));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files)
      expect(foundIn(readFileSync(join(service.dataDir, file), 'latin1'))).toEqual([]);
  });
});
