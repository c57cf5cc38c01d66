import { status } from '@grpc/grpc-js';
import { BufferJSON, Curve } from '@whiskeysockets/baileys';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Phone } from '../../src/simulator/index.js';
import { authFolder } from '../simulator/support/auth-folder.js';
import { failureOf } from '../support/call.js';
import { PATIENCE, view, viewIn } from '../support/desk.js';
import { link } from '../support/link.js';
import { type Service, startService } from '../support/service.js';

let service: Service;
const made: Disposable[] = [];
let count = 0;

beforeAll(async () => {
  service = await startService({ simulator: { behaviour: { preKeys: 'asked' } } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  for (const device of made) device[Symbol.dispose]();
});

const newPhone = () =>
  service.simulator.addPhone({ phoneNumber: `1555040${String(++count).padStart(4, '0')}` });
async function newInstance(): Promise<string> {
  const { instance } = await service.client.call(Instances.createInstance, {});
  return instance?.name ?? '';
}
async function device(phone: Phone = newPhone()) {
  const device = await authFolder(service.simulator, phone);
  made.push(device);
  return { ...device, phone };
}
const take = (name: string, value: Buffer) =>
  service.client.call(Instances.importInstance, { instance: name, source: { $case: 'baileysCreds', value } });
const stateOf = async (instance: string, phone: Phone) => (await view(service, { instance, phone })).state;

describe('a device that Baileys has linked', () => {
  test('is taken over without a new link, works, and stays after a restart', async () => {
    const { phone, creds } = await device();
    const linkedDevices = phone.devices().map(({ device }) => device);
    const name = await newInstance();
    const { instance } = await take(name, creds());
    expect(instance).toMatchObject({ name, state: InstanceState.CONNECTED });
    expect(instance?.maskedPhoneNumber).toMatch(new RegExp(`${phone.phoneNumber.slice(-4)}$`));
    expect(phone.devices().map(({ device }) => device)).toEqual(linkedDevices);
    await service.client.call(Privacy.updatePrivacySettings, {
      instance: name,
      visibility: { lastSeen: LastSeenVisibility.NONE },
    });
    expect(phone.settings()['last']).toBe('none');
    await service.stop();
    await service.start();
    await viewIn(service, { instance: name, phone }, 'CONNECTED');
    await service.client.call(Privacy.getPrivacySettings, { instance: name });
  });

  test('is no second time the device of an instance, also not at the same moment', async () => {
    const { phone, creds } = await device();
    const names = [await newInstance(), await newInstance()];
    const results = await Promise.allSettled(names.map(name => take(name, creds())));
    const holder = names[results.findIndex(({ status }) => status === 'fulfilled')];
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const error = await failureOf(take(await newInstance(), creds()));
    expect(error).toMatchObject({ code: status.ALREADY_EXISTS, reason: 'DEVICE_IN_USE' });
    expect(error.details['google.rpc.ErrorInfo']?.metadata).toEqual({ instance: holder });
    expect(phone.devices()).toHaveLength(1);
  });

  test('does not replace a link, nor the account of a logged out instance', async () => {
    const { creds } = await device();
    const desk = await service.linked();
    expect(await failureOf(take(desk.instance, creds()))).toMatchObject({
      reason: 'INSTANCE_ALREADY_LINKED',
    });
    for (const { device } of desk.phone.devices()) desk.phone.removeDevice(device);
    await viewIn(service, desk, 'LOGGED_OUT');
    expect(await failureOf(take(desk.instance, creds()))).toMatchObject({ reason: 'LINK_OTHER_ACCOUNT' });
    const own = await device(desk.phone);
    expect((await take(desk.instance, own.creds())).instance?.state).toBe(InstanceState.CONNECTED);
  });

  test('that another program still uses throws that out, and is given up when thrown out itself', async () => {
    const { phone, creds, start } = await device();
    const before = creds(); // While it runs, the program writes them.
    const program = await start();
    const closed = program.closed();
    const name = await newInstance();
    await take(name, before);
    expect(await closed).toBe(440);
    await program.dial();
    const { stateReason } = await viewIn(service, { instance: name, phone }, 'CONFLICT');
    expect(stateReason).toContain('in use elsewhere');
    await program.stop();
  });

  test('that the phone has removed leaves the instance as it was', async () => {
    const { phone, creds } = await device();
    for (const { device } of phone.devices()) phone.removeDevice(device);
    const name = await newInstance();
    expect(await failureOf(take(name, creds()))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'WHATSAPP_REJECTED',
    });
    expect(await stateOf(name, phone)).toBe(InstanceState.UNLINKED);
    await link(service.client, name, phone);
  });
});

describe('credentials that are not whole', () => {
  type Creds = Record<string, Record<string, unknown>> & Record<string, unknown>;
  const other = () => {
    const { private: secret, public: open } = Curve.generateKeyPair();
    return { private: Buffer.from(secret), public: Buffer.from(open) };
  };
  const flipped = (value: unknown) => {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.from(value as Uint8Array);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return typeof value === 'string' ? bytes.toString('base64') : bytes;
  };
  let whole: Buffer;
  let phone: Phone;
  let name: string;
  beforeAll(async () => {
    const linked = await device();
    whole = linked.creds();
    phone = linked.phone;
    name = await newInstance();
  });

  test.each<[what: string, says: string, (creds: Creds) => unknown]>([
    ['without a Noise key', 'noiseKey', creds => delete creds['noiseKey']],
    ['with half a key', 'signedIdentityKey', creds => delete creds['signedIdentityKey']?.['private']],
    [
      'with two keys that are no pair',
      'noiseKey',
      creds => {
        creds['noiseKey'] = { ...creds['noiseKey'], public: other().public };
      },
    ],
    ['of another identity', 'signedPreKey', creds => (creds['signedIdentityKey'] = other())],
    ['that no account signed', 'account', creds => delete creds['account']],
    [
      'whose account signed something else',
      'the account has not signed',
      creds => {
        const account = creds['account'] ?? {};
        account['accountSignature'] = flipped(account['accountSignature']);
      },
    ],
    [
      'whose device signed something else',
      'the account has not signed',
      creds => {
        const account = creds['account'] ?? {};
        account['deviceSignature'] = flipped(account['deviceSignature']);
      },
    ],
    ['of nobody', 'me', creds => delete creds['me']],
    ['of the phone itself', 'me.id', creds => (creds['me'] = { id: '15550100001@s.whatsapp.net' })],
    [
      'before the link',
      'account',
      creds => {
        delete creds['me'];
        delete creds['account'];
      },
    ],
  ])('%s are refused', async (_, says, damage) => {
    const creds = JSON.parse(whole.toString(), BufferJSON.reviver) as Creds;
    damage(creds);
    const error = await failureOf(take(name, Buffer.from(JSON.stringify(creds, BufferJSON.replacer))));
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' });
    const violations = error.details['google.rpc.BadRequest']?.fieldViolations ?? [];
    expect(violations.map(({ field }) => field)).toContain('baileys_creds');
    expect(violations.map(({ description }) => description).join()).toContain(says);
    expect(await stateOf(name, phone)).toBe(InstanceState.UNLINKED);
  });

  test.each<[string, (whole: Buffer) => Buffer]>([
    ['cut off', bytes => bytes.subarray(0, bytes.length - 20)],
    ['empty', () => Buffer.alloc(0)],
    ['no JSON', () => Buffer.from('noiseKey')],
    ['another JSON', () => Buffer.from('[1]')],
    ['too large', bytes => Buffer.concat([bytes, Buffer.alloc(60_000, ' ')])],
  ])('%s: they are refused', async (_, damage) => {
    expect(await failureOf(take(name, damage(whole)))).toMatchObject({ reason: 'INVALID_REQUEST' });
  });

  test('but for what only messages need are whole enough', async () => {
    const creds = JSON.parse(whole.toString(), BufferJSON.reviver) as Creds;
    for (const field of [
      'processedHistoryMessages',
      'accountSettings',
      'myAppStateKeyId',
      'signalIdentities',
    ])
      delete creds[field];
    await take(name, Buffer.from(JSON.stringify(creds, BufferJSON.replacer)));
    await expect.poll(() => phone.devices()[0]?.connected, PATIENCE).toBe(true);
  });
});
