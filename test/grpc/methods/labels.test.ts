import { describe, expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  Token_Access as Access,
  Token_Kind as Kind,
  TokenServiceService as Tokens,
} from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { readSelector } from '../../../src/domain/labels/parse-selector.js';
import { bearer, type Caller, caller } from '../../support/call.js';
import { watch } from '../../support/watch.js';
import { type Api, startApi } from '../support/api.js';
import { AT_ONCE } from '../support/fleet.js';
import { invoke } from '../support/invoke.js';

const LABELS = {
  berlin: { env: 'prod', site: 'berlin' },
  old: { env: 'prod', retired: '' },
  paris: { env: 'prod', site: 'paris' },
  test: { env: 'test' },
  unlabelled: {},
};
const hideLastSeen = { visibility: { lastSeen: 4 } };

/** An API with an instance for each of the labels. */
async function labelled(): Promise<Api> {
  const api = await startApi();
  for (const [name, labels] of Object.entries(LABELS)) {
    const { code } = await invoke(api, Instances.createInstance, { name, labels });
    expect(code).toBe('OK');
  }
  return api;
}

/** The secret of a token that covers what matches. */
async function selectorToken(api: Api, labelSelector: string, access: keyof typeof Access = 'READ_WRITE') {
  const wish = { kind: Kind.SELECTOR, labelSelector, access: Access[access] };
  const [made] = (await invoke(api, Tokens.createToken, wish)).responses;
  return made?.secret ?? '';
}

const label = (
  api: Api,
  instance: string,
  labelsToSet: Record<string, string>,
  labelsToRemove: string[] = [],
) => invoke(api, Instances.updateInstance, { instance, labelsToSet, labelsToRemove });
const violationsOf = (ended: Awaited<ReturnType<typeof invoke>>) =>
  ended.detail('google.rpc.BadRequest')?.fieldViolations.map(({ field, reason }) => `${field} ${reason}`);
const reasonOf = (ended: Awaited<ReturnType<typeof invoke>>) => ended.detail('google.rpc.ErrorInfo')?.reason;

const listed = async (api: Api, labelSelector: string, secret = api.secret) => {
  const ended = await invoke(api, Instances.listInstances, { labelSelector }, { secret });
  return ended.responses[0]?.instances.map(({ name }) => name);
};
const read = async (api: Api, labelSelector: string, secret = api.secret) => {
  const ended = await invoke(api, Privacy.listPrivacySettings, { labelSelector }, { secret });
  return ended.responses[0]?.entries.map(({ instance }) => instance);
};
const changed = async (api: Api, labelSelector: string, secret = api.secret) => {
  const ended = await invoke(
    api,
    Privacy.applyPrivacySettings,
    { labelSelector, ...hideLastSeen },
    { secret },
  );
  expect(ended.code).toBe('OK');
  return ended.responses
    .map(({ index, instance }) => [index, instance])
    .sort()
    .map(([, instance]) => instance);
};

describe('labels', () => {
  test('are given, changed key by key, and shown', async () => {
    const api = await labelled();
    const [made] = (await invoke(api, Instances.getInstance, { instance: 'berlin' })).responses;
    expect(made?.instance?.labels).toEqual(LABELS.berlin);
    const [updated] = (await label(api, 'berlin', { tier: '1', env: 'Test' }, ['site', 'absent'])).responses;
    expect(updated?.instance?.labels).toEqual({ env: 'Test', tier: '1' });
    const [kept] = (await invoke(api, Instances.updateInstance, { instance: 'berlin', displayName: 'B' }))
      .responses;
    expect(kept?.instance?.labels).toEqual({ env: 'Test', tier: '1' });
  });

  test.each<[string, object, string[]]>([
    ['a key that is none', { labels: { Env: 'a' } }, ['labels["Env"] INVALID_FORMAT']],
    ['a value that is none', { labels: { env: 'a b' } }, ['labels["env"] INVALID_FORMAT']],
    [
      'too many',
      { labels: Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`k${index}`, ''])) },
      ['labels OUT_OF_RANGE'],
    ],
  ])('of a new instance that are wrong are named: %s', async (_, request, violations) => {
    expect(violationsOf(await invoke(await startApi(), Instances.createInstance, request))).toEqual(
      violations,
    );
  });

  test('in a change that are wrong are named, all at once', async () => {
    const api = await labelled();
    const ended = await label(api, 'berlin', { Env: 'a', both: '' }, ['both', '/']);
    expect(violationsOf(ended)).toEqual([
      'labels_to_set["Env"] INVALID_FORMAT',
      'labels_to_remove[0] CONFLICTING',
      'labels_to_remove[1] INVALID_FORMAT',
    ]);
  });
});

describe('a selector', () => {
  test.each([
    ['', ['berlin', 'old', 'paris', 'test', 'unlabelled']],
    ['env=prod', ['berlin', 'old', 'paris']],
    ['env!=prod', ['test', 'unlabelled']],
    ['env=prod,!retired', ['berlin', 'paris']],
    ['site in (berlin, rome)', ['berlin']],
    ['nothing', []],
  ])("'%s' lists and reads %j", async (labelSelector, names) => {
    const api = await labelled();
    expect(await listed(api, labelSelector)).toEqual(names);
    expect(await read(api, labelSelector)).toEqual(names);
    if (labelSelector !== '') expect(await changed(api, labelSelector)).toEqual(names);
  });

  test('is told where it is wrong, wherever one stands', async () => {
    const api = await labelled();
    const labelSelector = 'env=prod;';
    const token = { kind: Kind.SELECTOR, access: Access.READ_ONLY, labelSelector };
    for (const ended of [
      await invoke(api, Instances.listInstances, { labelSelector }),
      await invoke(api, Privacy.listPrivacySettings, { labelSelector }),
      await invoke(api, Privacy.applyPrivacySettings, { labelSelector, ...hideLastSeen }),
      await invoke(api, Privacy.watchPrivacySettings, { labelSelector }),
      await invoke(api, Tokens.createToken, token),
    ]) {
      expect(violationsOf(ended)).toEqual(['label_selector INVALID_FORMAT']);
      expect(ended.message).toBe("label_selector must have ',' at character 9");
    }
  });

  test('stands in place of names, not beside them', async () => {
    const api = await labelled();
    const both = { instances: ['berlin'], labelSelector: 'env' };
    for (const ended of [
      await invoke(api, Privacy.applyPrivacySettings, { ...both, ...hideLastSeen }),
      await invoke(api, Privacy.watchPrivacySettings, both),
    ])
      expect(violationsOf(ended)).toEqual(['label_selector CONFLICTING']);
    expect(violationsOf(await invoke(api, Privacy.applyPrivacySettings, hideLastSeen))).toEqual([
      'instances REQUIRED',
    ]);
  });

  test('is part of what a page token is good for', async () => {
    const api = await labelled();
    const first = await invoke(api, Instances.listInstances, { labelSelector: 'env', pageSize: 2 });
    const pageToken = first.responses[0]?.nextPageToken ?? '';
    const next = await invoke(api, Instances.listInstances, { labelSelector: 'env', pageToken });
    expect(next.responses[0]?.instances.map(({ name }) => name)).toEqual(['paris', 'test']);
    const other = await invoke(api, Instances.listInstances, { labelSelector: '!env', pageToken });
    expect(violationsOf(other)).toEqual(['page_token INVALID_FORMAT']);
  });

  test('that matches more than 1000 instances changes none', async () => {
    const api = await startApi();
    const plans = Array.from({ length: 1001 }, (_, index) => ({
      wanted: { name: `desk-${index}`, displayName: '', labels: { many: '' } },
      along: () => [],
    }));
    await api.instances.createEach(plans, {}, () => []);
    const ended = await invoke(api, Privacy.applyPrivacySettings, { labelSelector: 'many', ...hideLastSeen });
    expect(ended.responses).toEqual([]);
    expect(violationsOf(ended)).toEqual(['label_selector OUT_OF_RANGE']);
  });

  test('is about the same instances when the call is repeated with its request_id', async () => {
    const api = await labelled();
    const request = {
      labelSelector: 'site',
      ...hideLastSeen,
      requestId: '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11',
    };
    const namesOf = async () =>
      (await invoke(api, Privacy.applyPrivacySettings, request)).responses
        .map(({ instance }) => instance)
        .sort();
    expect(await namesOf()).toEqual(['berlin', 'paris']);
    await label(api, 'test', { site: 'rome' });
    await label(api, 'paris', {}, ['site']);
    expect(await namesOf()).toEqual(['berlin', 'paris']);
  });
});

describe('a token of a selector', () => {
  test('shows what it covers, and covers that in every method', async () => {
    const api = await labelled();
    const wish = { kind: Kind.SELECTOR, access: Access.READ_ONLY, labelSelector: 'env = prod , ! retired' };
    const [made] = (await invoke(api, Tokens.createToken, wish)).responses;
    expect(made?.token).toMatchObject({
      kind: Kind.SELECTOR,
      instance: '',
      labelSelector: 'env=prod,!retired',
    });
    const secret = await selectorToken(api, 'env=prod,!retired');
    expect(await listed(api, '', secret)).toEqual(['berlin', 'paris']);
    expect(await read(api, '', secret)).toEqual(['berlin', 'paris']);
    expect(await listed(api, 'site!=paris', secret)).toEqual(['berlin']);
    expect(await changed(api, 'env', secret)).toEqual(['berlin', 'paris']);
    for (const instance of ['old', 'test', 'absent'])
      expect(reasonOf(await invoke(api, Instances.getInstance, { instance }, { secret }))).toBe(
        'SCOPE_DENIED',
      );
  });

  test('covers an instance from the moment that it matches, and no longer', async () => {
    const api = await labelled();
    const secret = await selectorToken(api, 'env=prod');
    const call = () => invoke(api, Privacy.getPrivacySettings, { instance: 'test' }, { secret });
    expect(reasonOf(await call())).toBe('SCOPE_DENIED');
    await label(api, 'test', { env: 'prod' });
    expect((await call()).code).toBe('OK');
    await label(api, 'test', { env: 'none' });
    expect(reasonOf(await call())).toBe('SCOPE_DENIED');
  });

  test.each([
    ['of a selector', 'SELECTOR'],
    ['of the instance', 'INSTANCE'],
  ] as const)('%s cannot change labels, and can change the rest', async (_, kind) => {
    const api = await labelled();
    const instance = kind === 'INSTANCE' ? 'berlin' : undefined;
    const selector = kind === 'SELECTOR' ? readSelector('env=prod') : undefined;
    const wish = { kind, instance, selector, access: 'READ_WRITE', displayName: '' } as const;
    const { secret } = await api.tokens.mint(wish);
    const update = (change: object) =>
      invoke(api, Instances.updateInstance, { instance: 'berlin', ...change }, { secret });
    expect(reasonOf(await update({ labelsToSet: { a: '' } }))).toBe('SCOPE_DENIED');
    expect(reasonOf(await update({ labelsToRemove: ['site'] }))).toBe('SCOPE_DENIED');
    expect((await update({ displayName: 'Berlin' })).code).toBe('OK');
    expect(
      (await invoke(api, Instances.getInstance, { instance: 'berlin' })).responses[0]?.instance,
    ).toMatchObject({
      displayName: 'Berlin',
      labels: LABELS.berlin,
    });
  });

  test.each<[string, object, string]>([
    ['without one', { kind: Kind.SELECTOR }, 'label_selector REQUIRED'],
    ['with an instance', { kind: Kind.SELECTOR, instance: 'a', labelSelector: 'a' }, 'instance CONFLICTING'],
    ['of the account', { kind: Kind.ACCOUNT, labelSelector: 'a' }, 'label_selector CONFLICTING'],
    [
      'of an instance',
      { kind: Kind.INSTANCE, instance: 'a', labelSelector: 'a' },
      'label_selector CONFLICTING',
    ],
  ])('is refused %s', async (_, wish, violation) => {
    const ended = await invoke(await startApi(), Tokens.createToken, { access: Access.READ_ONLY, ...wish });
    expect(violationsOf(ended)).toEqual([violation]);
  });

  test('ends a link that is being made when the instance leaves it', async () => {
    const api = await labelled();
    const secret = await selectorToken(api, 'env=test');
    const goOn = Promise.withResolvers<void>();
    api.instances.link = async function* () {
      const code = { kind: 'qr', code: '1@first', expiresAt: new Date() } as const;
      yield { kind: 'code', code };
      await goOn.promise;
      yield { kind: 'code', code: { ...code, code: '1@second' } };
    };
    const request = { instance: 'test', method: { $case: 'qr', value: {} } } as const;
    const ended = await invoke(api, Instances.linkInstance, request, {
      secret,
      onResponse: () => void label(api, 'test', { env: 'prod' }).then(() => goOn.resolve()),
    });
    expect(ended.responses).toHaveLength(1);
    expect(reasonOf(ended)).toBe('SCOPE_DENIED');
  });

  test('is told SCOPE_DENIED of an instance that leaves it before its turn in an Apply', async () => {
    const api = await labelled();
    const secret = await selectorToken(api, 'env=prod');
    const { updateSettings } = api.instances;
    const goOn = Promise.withResolvers<void>();
    const asked: string[] = [];
    api.instances.updateSettings = async (name, ...rest) => {
      asked.push(name);
      await goOn.promise;
      return updateSettings(name, ...rest);
    };
    const many = Array.from({ length: AT_ONCE + 4 }, (_, index) => `desk-${index}`);
    for (const name of many) await invoke(api, Instances.createInstance, { name, labels: { env: 'prod' } });
    const ending = invoke(
      api,
      Privacy.applyPrivacySettings,
      { labelSelector: 'env', ...hideLastSeen },
      { secret },
    );
    await expect.poll(() => asked.length).toBe(AT_ONCE);
    const last = [...many, 'berlin', 'old', 'paris'].sort().at(-1) ?? '';
    expect(asked).not.toContain(last);
    await label(api, last, { env: 'none' });
    goOn.resolve();
    const { responses, code } = await ending;
    expect(code).toBe('ABORTED');
    const failed = responses.filter(({ result }) => result?.$case === 'error');
    expect(failed.map(({ instance }) => instance)).toEqual([last]);
    expect(asked).not.toContain(last);
  });
});

describe('a watch', () => {
  const watching = (client: Caller, secret: string, request: object) =>
    watch(client, request, { metadata: bearer(secret) });

  test.each([
    ['by a selector', { labelSelector: 'env=prod' }, undefined],
    ['of what a token covers', {}, 'env=prod'],
    ['of what is named', { instances: ['berlin', 'old', 'paris'] }, 'env=prod'],
  ])(
    '%s follows the labels: it leaves whom they no longer match, and takes him back',
    async (_, request, of) => {
      const api = await labelled();
      const secret = of === undefined ? api.secret : await selectorToken(api, of, 'READ_ONLY');
      const client = caller(api.address, api.secret);
      const { heard, leave } = watching(client, secret, request);
      const first = ['berlin snapshot', 'old snapshot', 'paris snapshot'];
      await expect.poll(heard).toEqual(first);
      await label(api, 'paris', { env: 'test' });
      await expect.poll(heard).toEqual([...first, 'paris unmatched']);
      await label(api, 'paris', { env: 'prod' });
      await expect.poll(heard).toEqual([...first, 'paris unmatched', 'paris snapshot']);
      await invoke(api, Instances.deleteInstance, { instance: 'old' });
      await expect.poll(heard).toHaveLength(6);
      expect(heard().at(-1)).toBe('old INSTANCE_NOT_FOUND');
      leave();
      client.close();
    },
  );

  test('by a selector takes in those that begin to match, and those that are made so', async () => {
    const api = await labelled();
    const client = caller(api.address, api.secret);
    const { heard, leave } = watching(client, api.secret, { labelSelector: 'site=rome' });
    await label(api, 'test', { site: 'rome' });
    await invoke(api, Instances.createInstance, { name: 'other', labels: { site: 'oslo' } });
    await invoke(api, Instances.createInstance, { name: 'rome', labels: { site: 'rome' } });
    await expect.poll(heard).toEqual(['test snapshot', 'rome snapshot']);
    leave();
    client.close();
  });
});
