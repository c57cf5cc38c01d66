import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  PrivacyChange_Kind as Kind,
  type ListPrivacyChangesRequest,
  PrivacyServiceService as Privacy,
  type PrivacyChange,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  Token_Access as Access,
  Token_Kind,
  TokenServiceService as Tokens,
} from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { bearer, type CallOptions, failureOf } from '../support/call.js';
import { type Service, startService } from '../support/service.js';
import { type Watching, watch } from '../support/watch.js';

let service: Service;
const opened: Watching[] = [];

// One for each test: instances made in a minute are few.
beforeEach(async () => {
  service = await startService();
});
afterEach(async () => {
  for (const { leave } of opened.splice(0)) leave();
  await service[Symbol.asyncDispose]();
});

/** Makes an instance; the options of calls with its token. */
async function create(name: string, env: string): Promise<CallOptions> {
  const { secret } = await service.client.call(Instances.createInstance, {
    name,
    labels: { env },
  });
  return { metadata: bearer(secret) };
}
const rename = (name: string, displayName: string) =>
  service.client.call(Instances.updateInstance, { instance: name, displayName });
const relabel = (name: string, env: string) =>
  service.client.call(Instances.updateInstance, { instance: name, labelsToSet: { env } });
const remove = (name: string) => service.client.call(Instances.deleteInstance, { instance: name });

/** Makes a token for what has these labels; the options of calls with it. */
async function tokenFor(env: string): Promise<CallOptions> {
  const { secret } = await service.client.call(Tokens.createToken, {
    kind: Token_Kind.SELECTOR,
    labelSelector: `env=${env}`,
    access: Access.READ_ONLY,
  });
  return { metadata: bearer(secret) };
}

/** Entries in short: `a INSTANCE_CREATED`. */
const inShort = (changes: readonly PrivacyChange[]) =>
  changes.map(({ instance, kind }) => `${instance} ${Kind[kind]}`);

async function list(request: Partial<ListPrivacyChangesRequest>, options: CallOptions) {
  const listed: PrivacyChange[] = [];
  let pageToken = '';
  do {
    const page = await service.client.call(
      Privacy.listPrivacyChanges,
      { pageSize: 2, ...request, pageToken },
      options,
    );
    listed.push(...page.changes);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return inShort(listed);
}

/** Watches the history from its beginning. */
function follow(options: CallOptions, request: Parameters<typeof watch>[1] = {}) {
  const watching = watch(service.client, { startAfter: 0n, ...request }, options);
  opened.push(watching);
  const recorded = () =>
    watching.events.flatMap(({ event }) => (event?.$case === 'recorded' ? [event.value] : []));
  return { ...watching, told: () => inShort(recorded()) };
}

/** Two instances of prod, one of dev, one that has left prod, and one of prod that was another before. */
async function fleet() {
  await create('again', 'prod');
  await create('gone', 'prod');
  await remove('gone');
  await remove('again');
  const tokens = {
    prod: await create('prod', 'prod'),
    dev: await create('dev', 'dev'),
    left: await create('left', 'prod'),
    again: await create('again', 'prod'),
  };
  await rename('left', 'before it left');
  await relabel('left', 'dev');
  await rename('prod', 'Prod');
  await service.client.call(Tokens.createToken, { kind: Token_Kind.ACCOUNT, access: Access.READ_ONLY });
  await tokenFor('dev');
  return tokens;
}
const OF_PROD = ['prod INSTANCE_CREATED', 'prod TOKEN_CREATED'];
const OF_AGAIN = ['again INSTANCE_CREATED', 'again TOKEN_CREATED'];
const COVERED = [...OF_PROD, ...OF_AGAIN, 'prod INSTANCE_UPDATED'];

describe('with a token for what matches a selector', () => {
  test('the history has what concerns the instances that match now, and nothing else', async () => {
    await fleet();
    const own = await tokenFor('prod');
    expect(await list({}, own)).toEqual(COVERED.toReversed());
    expect(await list({ startAfter: 0n }, own)).toEqual(COVERED);
    expect(await list({ instance: 'again', startAfter: 0n }, own)).toEqual(OF_AGAIN);
    expect(await list({ labelSelector: 'env' }, own)).toEqual(COVERED.toReversed());
    expect(await list({ labelSelector: 'env=dev' }, own)).toEqual([]);
    for (const name of ['left', 'dev', 'gone', 'ghost']) {
      const call = service.client.call(Privacy.listPrivacyChanges, { instance: name }, own);
      expect((await failureOf(call)).reason, name).toBe('SCOPE_DENIED');
    }
    const following = follow(own);
    await expect.poll(following.told).toEqual(COVERED);
    const ofOne = follow(own, { instances: ['again'] });
    await expect.poll(ofOne.told).toEqual(OF_AGAIN);
    const ofNone = follow(own, { labelSelector: 'env=dev' });
    await rename('dev', 'Dev');
    await rename('prod', 'Prod again');
    await expect.poll(following.told).toEqual([...COVERED, 'prod INSTANCE_UPDATED']);
    expect(ofNone.told()).toEqual([]);
  });

  test('the history is empty while nothing matches', async () => {
    await fleet();
    const own = await tokenFor('nowhere');
    expect(await list({}, own)).toEqual([]);
    expect(await list({ startAfter: 0n }, own)).toEqual([]);
    const following = follow(own);
    await create('first', 'nowhere');
    await expect.poll(following.told).toEqual(['first INSTANCE_CREATED', 'first TOKEN_CREATED']);
  });

  test('an instance that leaves is told of no more, and one that comes is from then on', async () => {
    await create('a', 'prod');
    await create('b', 'dev');
    const own = await tokenFor('prod');
    const following = follow(own);
    await expect.poll(following.told).toEqual(['a INSTANCE_CREATED', 'a TOKEN_CREATED']);
    await relabel('a', 'dev');
    await rename('a', 'unseen');
    await relabel('b', 'prod');
    await expect.poll(() => following.told().slice(2)).toEqual(['b INSTANCE_UPDATED']);
    await rename('a', 'unseen too');
    await rename('b', 'seen');
    await expect.poll(() => following.told().slice(2)).toEqual(['b INSTANCE_UPDATED', 'b INSTANCE_UPDATED']);
    await remove('b');
    await create('b', 'prod');
    await expect.poll(() => following.told().slice(4)).toEqual(['b INSTANCE_CREATED', 'b TOKEN_CREATED']);
    expect(await list({}, own)).toEqual(['b TOKEN_CREATED', 'b INSTANCE_CREATED']);
  });
});

test('with a token of the account a selector takes what concerns the instances that match now', async () => {
  await fleet();
  const labelSelector = 'env=prod';
  expect(await list({ labelSelector }, {})).toEqual(COVERED.toReversed());
  const following = follow({}, { labelSelector });
  await expect.poll(following.told).toEqual(COVERED);
  expect(await list({ labelSelector: 'env=nowhere' }, {})).toEqual([]);
});

describe('with the token of an instance', () => {
  test('the history has what concerns it, not those that had its name, nor other tokens', async () => {
    const { again, left } = await fleet();
    expect(await list({}, again)).toEqual(OF_AGAIN.toReversed());
    expect(await list({ labelSelector: 'env=dev' }, again)).toEqual([]);
    expect(await list({ instance: 'again', startAfter: 0n }, again)).toEqual(OF_AGAIN);
    const following = follow(again);
    await expect.poll(following.told).toEqual(OF_AGAIN);
    const call = service.client.call(Privacy.listPrivacyChanges, { instance: 'prod' }, again);
    expect((await failureOf(call)).reason).toBe('SCOPE_DENIED');
    expect(await list({ startAfter: 0n }, left)).toEqual([
      'left INSTANCE_CREATED',
      'left TOKEN_CREATED',
      'left INSTANCE_UPDATED',
      'left INSTANCE_UPDATED',
    ]);
  });

  test('a watch ends with the instance, and tells nothing of the next one with its name', async () => {
    const own = await create('a', 'prod');
    const following = follow(own);
    await expect.poll(following.told).toEqual(['a INSTANCE_CREATED', 'a TOKEN_CREATED']);
    await remove('a');
    await create('a', 'prod');
    expect(await following.ended).toMatchObject({ reason: 'TOKEN_INVALID' });
    expect(following.told().slice(2)).not.toContain('a INSTANCE_CREATED');
  });
});

test('who stops reading for a while misses nothing and hears nothing twice', async () => {
  const name = `a${'-long'.repeat(11)}`; // So that what waits is more than the connection holds.
  await create(name, 'prod');
  const stream = service.client.stream(Privacy.watchPrivacySettings, {
    instances: [name],
    startAfter: 0n,
  });
  const told: PrivacyChange[] = [];
  const read = async (count: number) => {
    while (told.length < count) {
      const { value } = await stream.next();
      if (value?.event?.$case === 'recorded') told.push(value.event.value);
    }
  };
  await read(1);
  for (let count = 0; count < 500; count++) await rename(name, `Number ${count}`);
  await read(502);
  await stream.return(undefined);
  const ids = told.map(({ id }) => id);
  const { changes: newest } = await service.client.call(Privacy.listPrivacyChanges, { pageSize: 1 });
  expect(ids).toEqual(Array.from({ length: 502 }, (_, index) => (ids[0] ?? 0n) + BigInt(index)));
  expect(ids.at(-1)).toBe(newest[0]?.id);
});
