import { readFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import {
  LastSeenVisibility,
  PrivacyServiceService as Privacy,
  retryDelayMsOf,
  UpdatePrivacySettingsRequest,
  Visibility,
} from 'wa-privacy/client';
import { connect } from '../src/connect.ts';
import { retrying } from '../src/retry.ts';
import { check, mustFail } from './check.ts';
import type { Scene } from './scene.ts';
import { read } from './updating.ts';

/** The token of the instance is enough, and has calls of its own. */
export async function rateLimit({ options, shop }: Scene): Promise<void> {
  const service = connect({ ...options, token: shop.secret });
  const get = () => service.call(Privacy.getPrivacySettings, { instance: shop.instance, maxAge: undefined });
  const untilRefused = async () => {
    for (;;) await get();
  };
  const error = await mustFail(untilRefused(), status.RESOURCE_EXHAUSTED, 'RATE_LIMITED');
  check((retryDelayMsOf(error) ?? 0) > 0, 'it is told when to call again', error);
  await retrying(get);
  service.close();
}

/** This value stands for one of a later version of the contract. */
const NEWER: number = 77;

export async function unknownValues(scene: Scene): Promise<void> {
  const { service, phones, desk } = scene;
  // A later service may send a number that this client has no name for. It stays a number, and is not "absent".
  const { lastSeen } = Visibility.decode(Buffer.from([1 << 3, NEWER]));
  check(lastSeen === NEWER && LastSeenVisibility[lastSeen] === undefined, 'a number is kept', lastSeen);
  // This service refuses such a number.
  const request = UpdatePrivacySettingsRequest.fromPartial({
    instance: desk.instance,
    visibility: { lastSeen },
  });
  const update = service.call(Privacy.updatePrivacySettings, request);
  await mustFail(update, status.INVALID_ARGUMENT, 'INVALID_REQUEST');

  // A value that WhatsApp has and the contract does not comes word for word.
  await phones.setOnPhone(desk.phoneNumber, 'last', 'friends_of_friends');
  const { visibility, categories } = await read(scene, desk);
  check(visibility !== undefined && visibility.lastSeen === undefined, 'there is no enum value for it');
  const word = categories.find(({ category }) => category === 'last')?.value;
  check(word === 'friends_of_friends', 'but its word', categories);
  await phones.setOnPhone(desk.phoneNumber, 'last', 'all');
}

const PATIENCE_MS = 20_000;

/** A service config repeats calls by itself, when the service says so. */
export async function repeating({ options, phones, desk }: Scene): Promise<void> {
  const serviceConfig = readFileSync(new URL('../../service-config.json', import.meta.url), 'utf8');
  const service = connect({ ...options, serviceConfig });
  const get = () =>
    service.call(
      Privacy.getPrivacySettings,
      { instance: desk.instance, maxAge: undefined },
      { deadline: Date.now() + PATIENCE_MS },
    );
  await phones.inject({ on: 'privacy_get', phoneNumber: desk.phoneNumber }, { do: 'refuse', code: 503 });
  await get();

  // The next attempt is minutes away: no client can wait for it, and the details must not be lost over that.
  await phones.refuseClients(desk.phoneNumber);
  const error = await mustFail(get(), status.UNAVAILABLE, 'CLIENT_OUTDATED');
  check((retryDelayMsOf(error) ?? 0) > PATIENCE_MS, 'the delay is told all the same', error);
  service.close();
}
