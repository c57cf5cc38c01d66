import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  Instance_State,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  ContactBlacklistSetting,
  PrivacyServiceService as Privacy,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  LastSeenVisibility,
  ProfileVisibility,
  StatusVisibility,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import {
  Token_Access,
  Token_Kind,
  TokenServiceService as Tokens,
} from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { bearer, type CallOptions, failureOf } from '../support/call.js';
import { heard } from '../support/desk.js';
import { type Service, startService, takePrivacyStanzas } from '../support/service.js';

test('linking ends when the token it was begun with is revoked, and the instance is as before', async () => {
  await using service = await startService();
  const { client } = service;
  const { token, secret } = await client.call(Instances.createInstance, { name: 'desk' });
  const steps = client.stream(
    Instances.linkInstance,
    { instance: 'desk', method: { $case: 'qr', value: {} } },
    { metadata: bearer(secret) },
  );
  expect((await steps.next()).value).toMatchObject({ event: { $case: 'qrCode' } });
  const state = async () => (await client.call(Instances.getInstance, { instance: 'desk' })).instance?.state;
  expect(await state()).toBe(Instance_State.LINKING);

  await client.call(Tokens.revokeToken, { tokenId: token?.id ?? '' });
  const failure = await failureOf(steps.next());
  expect(failure).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_INVALID' });
  await expect.poll(state).toBe(Instance_State.UNLINKED);
});

describe('a change whose token is revoked', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service[Symbol.asyncDispose]());

  const HIDE_PROFILE = { visibility: { profile: ProfileVisibility.NONE } };

  /** A linked instance with a token that can be revoked, and changes of its profile that take a while. */
  async function slowDesk() {
    const { instance, phone } = await service.linked();
    const wish = { kind: Token_Kind.INSTANCE, instance, access: Token_Access.READ_WRITE };
    const { token, secret } = await service.client.call(Tokens.createToken, wish);
    service.simulator.inject({
      match: { on: 'privacy_set', category: 'profile', phoneNumber: phone.phoneNumber },
      effect: { do: 'delay', ms: 3000 },
    });
    takePrivacyStanzas(service);
    return {
      instance,
      phone,
      metadata: bearer(secret),
      revoke: () => service.client.call(Tokens.revokeToken, { tokenId: token?.id ?? '' }),
      isChanging: () =>
        expect.poll(() => service.simulator.findStanzas({ xmlns: 'privacy', type: 'set' }).length).toBe(1),
    };
  }

  test.each([
    [
      'settings',
      (instance: string, options: CallOptions) =>
        service.client.call(
          Privacy.updatePrivacySettings,
          { instance, visibility: { lastSeen: LastSeenVisibility.NONE }, requestId: randomUUID() },
          options,
        ),
    ],
    [
      'a list',
      (instance: string, options: CallOptions) => {
        const add = [{ id: { $case: 'phoneNumber', value: '+15550100123' } } as const];
        const setting = ContactBlacklistSetting.LAST_SEEN;
        return service.client.call(
          Privacy.updateContactBlacklist,
          { instance, setting, entriesToAdd: add },
          options,
        );
      },
    ],
  ])('while it waits for its turn sends nothing: %s', async (_, change) => {
    const { instance, phone, metadata, revoke, isChanging } = await slowDesk();
    const before = service.client.call(Privacy.updatePrivacySettings, { instance, ...HIDE_PROFILE });
    await isChanging();
    const waiting = failureOf(change(instance, { metadata }));
    await revoke();
    expect(await waiting).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_INVALID' });
    await before;
    await service.client.call(Privacy.updatePrivacySettings, {
      instance,
      validateOnly: true,
      ...HIDE_PROFILE,
    });
    expect(takePrivacyStanzas(service).filter(stanza => stanza.startsWith('set'))).toEqual([
      'set profile=none',
    ]);
    expect(phone.settings()['last']).toBe('all');
  });

  test('after it was sent is followed to its outcome, and nothing more is sent', async () => {
    const { instance, phone, metadata, revoke, isChanging } = await slowDesk();
    phone.setPrivacy('status', 'none');
    await heard(phone);
    const statusVisible = StatusVisibility.ALL;
    const changing = failureOf(
      service.client.call(
        Privacy.updatePrivacySettings,
        { instance, visibility: { profile: ProfileVisibility.NONE, status: statusVisible } },
        { metadata },
      ),
    );
    await isChanging();
    await revoke();
    const { reason, update } = await changing;
    expect(reason).toBe('PARTIAL_UPDATE');
    expect(update?.outcomes.map(({ state }) => state)).toEqual([State.NOT_ATTEMPTED, State.APPLIED]);
    expect(phone.settings()).toMatchObject({ profile: 'none', status: 'none' });
  });
});
