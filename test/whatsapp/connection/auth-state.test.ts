import { Curve, initAuthCreds, type SignalDataSet } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import {
  decodeCredentials,
  encodeCredentials,
  keyStore,
} from '../../../src/whatsapp/connection/auth-state.js';
import { memoryCredentials } from '../../support/memory-credentials.js';
import { DESK } from '../support/adapter.js';

const linked = () => ({
  ...initAuthCreds(),
  me: { id: '15550100001:1@s.whatsapp.net', lid: '1:1@lid' },
  routingInfo: Buffer.of(8, 8, 1),
});

describe('credentials', () => {
  test('come back as they were stored, and are stored as they came back', () => {
    const credentials = linked();
    const bytes = encodeCredentials(credentials);
    // What is undefined is not written.
    expect(decodeCredentials(bytes)).toEqual(JSON.parse(JSON.stringify(credentials), revived));
    expect(Buffer.from(encodeCredentials(decodeCredentials(bytes))).equals(bytes)).toBe(true);
  });

  test('are none before an account is linked', () => {
    expect(() => decodeCredentials(encodeCredentials(initAuthCreds()))).toThrow('not the credentials');
  });
});

/** Bytes as `JSON.stringify` writes a Buffer. */
const revived = (_: string, value: unknown) =>
  typeof value === 'object' && value && 'type' in value && value.type === 'Buffer' && 'data' in value
    ? Buffer.from(value.data as number[])
    : value;

const never = () => expect.unreachable('everything can be read');

describe('keys', () => {
  const store = memoryCredentials();
  store.credentials.set(DESK, Buffer.of(1));
  const keys = keyStore(store, DESK, job => job(), never);
  const pair = Curve.generateKeyPair();

  test('of all types are written at once and come back as they were', async () => {
    const data: SignalDataSet = {
      'pre-key': { '1': pair, '2': pair },
      session: { 'a.1': Buffer.from('session') },
      'lid-mapping': { '15550100001': '1' },
      'device-list': { '15550100001': ['0', '1'] },
      'app-state-sync-key': { k: { keyData: Buffer.of(1, 2), timestamp: 7 } },
    };
    await keys.set(data);
    expect(store.calls).toEqual(['saveKeys']);
    expect(await keys.get('pre-key', ['1', '2', '3'])).toEqual({ '1': pair, '2': pair });
    expect(await keys.get('session', ['a.1'])).toEqual({ 'a.1': Buffer.from('session') });
    expect(await keys.get('lid-mapping', ['15550100001'])).toEqual({ '15550100001': '1' });
    expect(await keys.get('device-list', ['15550100001'])).toEqual({ '15550100001': ['0', '1'] });
    const { k } = await keys.get('app-state-sync-key', ['k']);
    expect(Buffer.from(k?.keyData ?? []).equals(Buffer.of(1, 2))).toBe(true);
  });

  test('that are null are forgotten', async () => {
    await keys.set({ 'pre-key': { '1': null } });
    expect(await keys.get('pre-key', ['1', '2'])).toEqual({ '2': pair });
  });

  test('that cannot be read are not taken for missing ones', async () => {
    const failing = { ...store, loadKeys: () => Promise.reject(new Error('I/O error')) };
    const faults: unknown[] = [];
    const broken = keyStore(
      failing,
      DESK,
      job => job(),
      cause => faults.push(cause),
    );
    await expect(broken.get('pre-key', ['2'])).rejects.toThrow('I/O error');
    expect(faults).toEqual([new Error('I/O error')]);
  });
});
