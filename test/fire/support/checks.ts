import { expect, vi } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Caller } from '../../support/call.js';
import type { Scene } from './scene.js';

/** The instance of these tests. */
export const INSTANCE = 'desk';

export const instanceOf = async (client: Caller) => {
  const { instance } = await client.call(Instances.getInstance, { instance: INSTANCE });
  if (!instance) throw new Error('an answer without the instance');
  return instance;
};

/** Waits until the instance is neither connecting nor linking; fails when the service ends. */
export async function settled(client: Caller) {
  let instance = await instanceOf(client);
  const isSettled = async () => {
    instance = await instanceOf(client);
    return ![InstanceState.CONNECTING, InstanceState.LINKING].includes(instance.state);
  };
  await vi.waitUntil(isSettled, { timeout: 60_000, interval: 10 });
  return instance;
}

/**
 * Compares a data folder without a service with what WhatsApp has: at most one device, and what that needs to log in
 * and to open what others seal for it is stored. Says whether there is a device.
 */
export async function expectOneIdentity(scene: Scene): Promise<'linked' | 'absent'> {
  const devices = scene.devices();
  const [device] = devices;
  if (!device) return 'absent';
  expect(devices).toHaveLength(1);
  // Of the first 812 keys, which are stored in one transaction, a sample.
  const uploaded = [...device.keys.preKeys].filter(([id]) => id > 812 || id % 20 === 1);
  const { record, credentials, preKeys } = await scene.stored(
    INSTANCE,
    uploaded.map(([id]) => id),
  );
  expect(record?.status).toBe('linked');
  expect(credentials?.me.id).toBe(`${scene.phone.phoneNumber}:${device.id}@s.whatsapp.net`);
  expect(credentials?.noiseKey.public).toEqual(device.noiseKey);
  expect(credentials?.signedIdentityKey.public).toEqual(device.keys.identityKey);
  expect(preKeys).toEqual(new Map(uploaded));
  return 'linked';
}

/** The device is used: WhatsApp sees it, and no other, and the service reads with it. */
export async function expectUsable(scene: Scene, client: Caller): Promise<void> {
  expect(await settled(client)).toMatchObject({ state: InstanceState.CONNECTED, stateReason: '' });
  const devices = scene.phone.devices();
  expect(devices).toMatchObject([{ connected: true }]);
  const { settings } = await client.call(Privacy.getPrivacySettings, { instance: INSTANCE });
  expect(settings?.visibility?.lastSeen).toBeDefined();
}
