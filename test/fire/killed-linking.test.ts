import { describe, expect, test } from 'vitest';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { link, QR } from '../support/link.js';
import { expectOneIdentity, expectUsable, INSTANCE, settled } from './support/checks.js';
import { killAtPoints, TIMEOUT_MS } from './support/kill.js';
import { PAIRING_CODE } from './support/link.js';
import { openScene } from './support/scene.js';

describe.each([
  ['a QR code', QR, 0.2],
  ['a pairing code', PAIRING_CODE, 0.12],
] as const)('a service killed while it links with %s', (_, method, share) => {
  test('has the identity the phone has, or none and links again', { timeout: TIMEOUT_MS }, async () => {
    await using scene = await openScene();
    let before: 'new' | 'linked' | 'absent' = 'new';
    await killAtPoints(scene, share, {
      async prepare(client) {
        if (before === 'new') await client.call(Instances.createInstance, { name: INSTANCE });
        if (before === 'linked') {
          await expectUsable(scene, client);
          await client.call(Instances.unlinkInstance, { instance: INSTANCE });
        }
        expect(await settled(client)).toMatchObject({ state: InstanceState.UNLINKED, maskedPhoneNumber: '' });
        expect(scene.phone.devices()).toEqual([]);
        before = 'linked';
      },
      act: client => link(client, INSTANCE, scene.phone, method),
      async check(linked) {
        before = await expectOneIdentity(scene);
        if (linked) expect(before).toBe('linked');
      },
    });
  });
});
