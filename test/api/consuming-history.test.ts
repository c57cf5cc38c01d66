import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  InstanceServiceService as Instances,
  Instance_State as State,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  PrivacyChange_Kind as Kind,
  type ListPrivacyChangesRequest,
  Origin,
  PrivacyServiceService as Privacy,
  type PrivacyChange,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility, PrivacySetting } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import {
  Token_Access as Access,
  Token_Kind,
  TokenServiceService as Tokens,
} from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { LIMITS } from '../../src/limits.js';
import { bearer, type CallOptions, failureOf } from '../support/call.js';
import { type Service, startService } from '../support/service.js';
import { type Watching, watch } from '../support/watch.js';

let service: Service;
const opened: Watching[] = [];

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());
afterEach(() => {
  for (const { leave } of opened.splice(0)) leave();
});

const list = async (request: Partial<ListPrivacyChangesRequest> = {}, options?: CallOptions) =>
  (await service.client.call(Privacy.listPrivacyChanges, { pageSize: 200, ...request }, options)).changes;
const kinds = (changes: readonly PrivacyChange[]) => changes.map(({ kind }) => Kind[kind]);
const newestId = async () => (await list({ pageSize: 1 }))[0]?.id ?? 0n;

/** Watches the history, and keeps what was recorded. */
function follow(startAfter: bigint, instances: string[] = [], options: Parameters<typeof watch>[2] = {}) {
  const watching = watch(service.client, { instances, startAfter }, options);
  opened.push(watching);
  return {
    ...watching,
    recorded: () =>
      watching.events.flatMap(({ event }) => (event?.$case === 'recorded' ? [event.value] : [])),
  };
}
const hideLastSeen = (instance: string, lastSeen = LastSeenVisibility.NONE, requestId = '') =>
  service.client.call(Privacy.updatePrivacySettings, { instance, visibility: { lastSeen }, requestId });

describe('the audit trail', () => {
  test('tells the life of an instance and of its tokens, who did it and with which call', async () => {
    const start = await newestId();
    const requestId = '0b6c1f0a-93c4-4a0f-8a55-1c9a3f1e7d01';
    const { instance, phone } = await service.linked();
    await service.client.call(Instances.updateInstance, { instance, displayName: 'Desk' });
    await hideLastSeen(instance, LastSeenVisibility.NONE, requestId);
    const { token } = await service.client.call(Tokens.createToken, {
      kind: Token_Kind.INSTANCE,
      instance,
      access: Access.READ_ONLY,
    });
    const rotated = await service.client.call(Tokens.rotateToken, { tokenId: token?.id ?? '' });
    await service.client.call(Tokens.revokeToken, { tokenId: rotated.token?.id ?? '' });
    for (const { device } of phone.devices()) phone.removeDevice(device);
    await expect
      .poll(async () => (await service.client.call(Instances.getInstance, { instance })).instance?.state)
      .toBe(State.LOGGED_OUT);
    await service.client.call(Instances.unlinkInstance, { instance });
    await service.client.call(Instances.deleteInstance, { instance });

    const told = await list({ instance, startAfter: start });
    expect(kinds(told)).toEqual([
      'INSTANCE_CREATED',
      'TOKEN_CREATED',
      'INSTANCE_LINKED',
      'INSTANCE_UPDATED',
      'SETTING_CHANGED',
      'TOKEN_CREATED',
      'TOKEN_CREATED',
      'TOKEN_ROTATED',
      'TOKEN_REVOKED',
      'INSTANCE_LOGGED_OUT',
      'INSTANCE_UNLINKED',
      'INSTANCE_DELETED',
    ]);
    const ids = told.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted((a, b) => Number(a - b)));
    for (const entry of told) {
      const byPhone = entry.kind === Kind.INSTANCE_LOGGED_OUT;
      expect(entry.actor?.tokenId).toBe(byPhone ? undefined : 'first');
      expect(entry.origin).toBe(byPhone ? Origin.UNSPECIFIED : Origin.THIS_SERVICE);
      expect(entry.instance).toBe(instance);
    }
    expect(told.find(({ kind }) => kind === Kind.SETTING_CHANGED)).toMatchObject({
      requestId,
      setting: PrivacySetting.LAST_SEEN,
    });
    expect(
      told
        .filter(({ tokenId }) => tokenId !== '')
        .map(({ tokenId }) => tokenId)
        .slice(1),
    ).toEqual([token?.id, rotated.token?.id, token?.id, rotated.token?.id]);
    expect(kinds(await list({ instance })).toReversed()).toEqual(kinds(told));
  });

  test('of a deleted instance is not for a token of another one that has its name', async () => {
    const { instance } = await service.linked();
    await hideLastSeen(instance);
    await service.client.call(Instances.deleteInstance, { instance });
    const { secret } = await service.client.call(Instances.createInstance, { name: instance });
    const own = { metadata: bearer(secret) };
    expect(kinds(await list({}, own))).toEqual(['TOKEN_CREATED', 'INSTANCE_CREATED']);
    expect(kinds(await list({ instance }, own))).toEqual(['TOKEN_CREATED', 'INSTANCE_CREATED']);
    expect(kinds(await list({ instance, startAfter: 0n }, own))).toEqual([
      'INSTANCE_CREATED',
      'TOKEN_CREATED',
    ]);
    const following = follow(0n, [], own);
    await expect.poll(() => kinds(following.recorded())).toEqual(['INSTANCE_CREATED', 'TOKEN_CREATED']);
    expect(kinds(await list({ instance }))).toEqual([
      'TOKEN_CREATED',
      'INSTANCE_CREATED',
      'INSTANCE_DELETED',
      'SETTING_CHANGED',
      'INSTANCE_LINKED',
      'TOKEN_CREATED',
      'INSTANCE_CREATED',
    ]);
  });

  test('begins with the first token, which nobody asked for', async () => {
    expect((await list({ startAfter: 0n }))[0]).toMatchObject({
      id: 1n,
      kind: Kind.TOKEN_CREATED,
      tokenId: 'first',
      instance: '',
      actor: undefined,
    });
  });

  test('has nothing of a name that was never an instance', async () => {
    const failure = await failureOf(service.client.call(Privacy.listPrivacyChanges, { instance: 'ghost' }));
    expect(failure.reason).toBe('INSTANCE_NOT_FOUND');
  });
});

describe('a consumer', () => {
  test('gets each entry once, before and after a restart, with page after page', async () => {
    const { instance } = await service.linked();
    const start = await newestId();
    for (const value of [LastSeenVisibility.NONE, LastSeenVisibility.ALL, LastSeenVisibility.NONE])
      await hideLastSeen(instance, value);
    const following = follow(start);
    await expect.poll(() => following.recorded().length).toBe(3);
    await service.client.call(Instances.createInstance, { name: `${instance}-b` });
    await expect.poll(() => following.recorded().length).toBe(5);
    const [, , third, ...later] = following.recorded();
    expect(kinds(later)).toEqual(['INSTANCE_CREATED', 'TOKEN_CREATED']);

    await service.stop();
    await service.start();
    const again = follow(third?.id ?? 0n);
    await service.client.call(Instances.deleteInstance, { instance: `${instance}-b` });
    await expect.poll(() => kinds(again.recorded())).toEqual([...kinds(later), 'INSTANCE_DELETED']);
    expect(again.recorded().slice(0, 2)).toEqual(later);

    const polled: PrivacyChange[] = [];
    let pageToken = '';
    do {
      const page = await service.client.call(Privacy.listPrivacyChanges, {
        startAfter: start,
        pageSize: 2,
        pageToken,
      });
      polled.push(...page.changes);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(polled).toEqual([...following.recorded(), again.recorded()[2]]);
  });

  test('is told of settings and of the history in one call, and of no history without a cursor', async () => {
    const { instance, phone } = await service.linked();
    const [both, settings] = [
      follow(await newestId(), [instance]),
      watch(service.client, { instances: [instance] }),
    ];
    opened.push(settings);
    await expect.poll(() => [both.events.length, settings.events.length]).toEqual([1, 1]);
    phone.setPrivacy('profile', 'contacts');
    await expect.poll(() => both.events.length).toBe(3);
    expect(both.heard().toSorted()).toEqual([
      `${instance} OTHER_DEVICE PROFILE`,
      `${instance} recorded`,
      `${instance} snapshot`,
    ]);
    expect(both.recorded()).toMatchObject([
      { kind: Kind.SETTING_CHANGED, origin: Origin.OTHER_DEVICE, setting: PrivacySetting.PROFILE },
    ]);
    await expect
      .poll(() => settings.heard())
      .toEqual([`${instance} snapshot`, `${instance} OTHER_DEVICE PROFILE`]);
  });

  test.each([-1n, 1_000_000n, 2n ** 62n])('whose cursor is %d is refused', async startAfter => {
    const wrong = { reason: 'INVALID_REQUEST' };
    expect(await failureOf(service.client.call(Privacy.listPrivacyChanges, { startAfter }))).toMatchObject(
      wrong,
    );
    expect(await failureOf(follow(startAfter).ended.then(error => Promise.reject(error)))).toMatchObject(
      wrong,
    );
  });
});

describe('one connection', () => {
  test('carries calls beside as many watches as a token may have, and says so of one more', async () => {
    const { secret } = await service.client.call(Tokens.createToken, {
      kind: Token_Kind.ACCOUNT,
      access: Access.READ_ONLY,
    });
    const own = { metadata: bearer(secret) };
    const open = () => {
      const watching = watch(service.client, {}, own);
      opened.push(watching);
      return watching;
    };
    await service.client.call(Instances.createInstance, { name: 'watched' });
    const watches = Array.from({ length: LIMITS.token.openStreams }, open);
    await expect.poll(() => watches.every(({ events }) => events.length > 0)).toBe(true);
    expect(await failureOf(open().ended.then(error => Promise.reject(error)))).toMatchObject({
      reason: 'RATE_LIMITED',
    });
    expect(kinds(await list({ pageSize: 1 }, own))).toHaveLength(1);
  });
});
