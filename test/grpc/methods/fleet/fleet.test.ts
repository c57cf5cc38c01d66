import { describe, expect, test } from 'vitest';
import {
  InstanceServiceService as Instances,
  Instance_State as State,
} from '../../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  GetApplyResultResponse_State as ApplyState,
  PrivacyServiceService as Privacy,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { instanceMoved, PrivacyError } from '../../../../src/domain/errors.js';
import { clock } from '../../../../src/domain/time/clock.js';
import { hideLastSeen } from '../../support/fleet.js';
import { connected } from '../../support/instances.js';
import { invoke } from '../../support/invoke.js';
import { sharedOut } from '../../support/shared-out.js';
import type { TestNode } from '../../support/two-nodes.js';

const RUNS = [
  ['a', 'd', 'g'],
  ['b', 'e'],
  ['c', 'f'],
] as const;
const ALL = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

/** Every page, by a node for each in turn. */
async function pagesOf<Entry>(
  nodes: readonly TestNode[],
  page: (node: TestNode, pageToken: string) => Promise<{ entries: Entry[]; nextPageToken: string }>,
) {
  const pages: Entry[][] = [];
  for (let token = ''; ; ) {
    const { entries, nextPageToken } = await page(nodes[pages.length % nodes.length] as TestNode, token);
    pages.push(entries);
    if (nextPageToken === '') return pages;
    token = nextPageToken;
  }
}

const listed =
  (state = State.UNSPECIFIED) =>
  async (node: TestNode, pageToken: string) => {
    const { responses } = await invoke(node, Instances.listInstances, { pageSize: 3, pageToken, state });
    const [{ instances, nextPageToken } = { instances: [], nextPageToken: '' }] = responses;
    return { entries: instances.map(({ name }) => name), nextPageToken };
  };

describe('a list of instances', () => {
  test('has the pages of one node, whichever nodes are asked for them', async () => {
    const { nodes } = await sharedOut(RUNS);
    expect(await pagesOf(nodes, listed())).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
  });

  test('has those in one state, as the nodes know it that run them', async () => {
    const { nodes, one, two, three } = await sharedOut(RUNS);
    for (const [node, name] of [
      [one, 'd'],
      [two, 'b'],
      [three, 'f'],
    ] as const)
      await node.instances.update(name, { ...connected(name), state: 'LOGGED_OUT' } as object, {});
    expect(await pagesOf(nodes, listed(State.LOGGED_OUT))).toEqual([['b', 'd', 'f']]);
    expect(await pagesOf(nodes, listed(State.UNLINKED))).toEqual([['a', 'c', 'e'], ['g']]);
  });

  test('tells what is stored of those that no node runs, or whose node is lost', async () => {
    const { one, two } = await sharedOut(RUNS, ['z']);
    await two.close();
    const { responses } = await invoke(one, Instances.listInstances, {});
    expect(responses[0]?.instances.map(({ name }) => name)).toEqual([...ALL, 'z']);
  });

  test('has no more than a token covers', async () => {
    const { one } = await sharedOut(RUNS);
    const { secret } = await one.tokens.mint({
      kind: 'INSTANCE',
      instance: 'e',
      access: 'READ_ONLY',
      displayName: '',
    });
    const { responses } = await invoke(one, Instances.listInstances, {}, { secret });
    expect(responses[0]?.instances.map(({ name }) => name)).toEqual(['e']);
  });
});

/** Each entry of a list of settings, in a word. */
const read =
  (pageSize = 3) =>
  async (node: TestNode, pageToken: string) => {
    const { responses } = await invoke(node, Privacy.listPrivacySettings, { pageSize, pageToken });
    const [{ entries, nextPageToken } = { entries: [], nextPageToken: '' }] = responses;
    const inWords = entries.map(({ instance, result }) =>
      result?.$case === 'error' ? `${instance}: ${result.value.message}` : instance,
    );
    return { entries: inWords, nextPageToken };
  };

describe('a list of settings', () => {
  test('has the pages of one node, and reads each instance once, on its own node', async () => {
    const { nodes } = await sharedOut(RUNS);
    const reads = nodes.map(node => {
      const names: string[] = [];
      const { readSettings } = node.instances;
      node.instances.readSettings = (name, ...rest) => {
        names.push(name);
        return readSettings(name, ...rest);
      };
      return names;
    });
    expect(await pagesOf(nodes, read())).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
    expect(reads).toEqual(RUNS);
  });

  test('has an error where a node is lost, and where nobody runs the instance', async () => {
    const { one, two, give } = await sharedOut(RUNS, ['z']);
    give('z', undefined);
    await two.close();
    const { entries } = await read(50)(one, '');
    const moved = expect.stringMatching(/^[bez]: .*node/);
    expect(entries).toEqual(['a', moved, 'c', 'd', moved, 'f', 'g', moved]);
  });

  test('reads an instance on its new node that moves meanwhile', async () => {
    const { one, two, three, give } = await sharedOut(RUNS);
    two.instances.readSettings = async name => {
      give(name, three.node);
      throw instanceMoved(name);
    };
    expect((await read(50)(one, '')).entries).toEqual(ALL);
  });

  test('tells the error of the node that has it', async () => {
    const { one, two } = await sharedOut(RUNS);
    two.instances.readSettings = async instance => {
      throw new PrivacyError({ kind: 'INSTANCE_SUSPENDED', instance, nextAttemptTime: undefined });
    };
    const { entries } = await read(50)(one, '');
    expect(entries.filter(entry => entry.includes(': '))).toHaveLength(2);
  });
});

const REQUEST_ID = 'b1d9a0c5-6f0e-4a44-9a0d-0d6b1b1f2a33';

describe('an update of many instances', () => {
  test('is made of each where it runs, and a repetition through another node gets the same', async () => {
    const { nodes, one, three } = await sharedOut(RUNS);
    const updated = nodes.map(node => {
      const names: string[] = [];
      const { updateSettings } = node.instances;
      node.instances.updateSettings = (name, order, call) => {
        names.push(name);
        expect(order.unattended).toBe(true);
        return updateSettings(name, order, call);
      };
      return names;
    });
    const request = { instances: ALL, ...hideLastSeen, requestId: REQUEST_ID };
    const first = await invoke(one, Privacy.applyPrivacySettings, request);
    expect(first.code).toBe('OK');
    expect(updated.map(names => names.sort())).toEqual(RUNS);
    const again = await invoke(three, Privacy.applyPrivacySettings, request);
    expect(again.code).toBe('OK');
    expect(updated.flat()).toHaveLength(ALL.length);
  });

  test('tells of one that its node refuses, and goes on with the others', async () => {
    const { one, two } = await sharedOut(RUNS);
    two.instances.updateSettings = async instance => {
      throw new PrivacyError({ kind: 'INSTANCE_LOGGED_OUT', instance });
    };
    const { responses, detail } = await invoke(one, Privacy.applyPrivacySettings, {
      instances: ALL,
      ...hideLastSeen,
    });
    expect(
      responses
        .filter(({ result }) => result?.$case === 'error')
        .map(({ instance }) => instance)
        .sort(),
    ).toEqual(['b', 'e']);
    expect(detail('whatsapp.privacy.v1.PrivacyApplyFailure')).toEqual({
      succeededCount: 5,
      failedCount: 2,
      failedIndexes: [1, 4],
    });
  });

  test('has of each what it would have had by itself', async () => {
    const { one, two } = await sharedOut(RUNS);
    const retry = { kind: 'WHATSAPP_RATE_LIMITED', retryAfterMs: 1_500, whatsappCode: 429 } as const;
    for (const node of [one, two])
      node.instances.updateSettings = async instance => {
        throw new PrivacyError({ ...retry, instance });
      };
    const { responses } = await invoke(one, Privacy.applyPrivacySettings, {
      instances: ['a', 'b'],
      ...hideLastSeen,
    });
    const [a, b] = ['a', 'b'].map(name => responses.find(({ instance }) => instance === name)?.result);
    const named = (result: typeof a) => JSON.stringify(result).replaceAll(/"instance":"[ab]"/g, '');
    expect(a?.$case).toBe('error');
    expect(JSON.parse(named(b)).value.message).toBe(JSON.parse(named(a)).value.message);
  });

  test('has as much time on another node as here', async () => {
    const { nodes, one } = await sharedOut(RUNS);
    const left = nodes.map(node => {
      const times: number[] = [];
      const { updateSettings } = node.instances;
      node.instances.updateSettings = (name, order, call) => {
        times.push(call.deadline - clock());
        return updateSettings(name, order, call);
      };
      return times;
    });
    const request = { instances: ['a', 'b', 'c'], ...hideLastSeen };
    await invoke(one, Privacy.applyPrivacySettings, request, { deadlineMs: 500_000 });
    for (const [time] of left) expect(time).toBeGreaterThan(300_000);
  });

  test('only looks at an instance whose node is lost after it had begun', async () => {
    const { one, two, give } = await sharedOut(RUNS);
    two.instances.updateSettings = async (name, _order, call) => {
      await call.beforeSending?.();
      give(name, one.node);
      void two.close();
      return new Promise(() => {});
    };
    const orders: boolean[] = [];
    const { updateSettings } = one.instances;
    one.instances.updateSettings = (name, order, call) => {
      orders.push(order.validateOnly);
      return updateSettings(name, order, call);
    };
    const request = { instances: ['b'], ...hideLastSeen };
    const { responses } = await invoke(one, Privacy.applyPrivacySettings, request);
    expect(orders).toEqual([true]);
    expect(responses[0]?.result?.$case).toBe('error');
  });

  test('is under way for who asks another node, until it has ended', async () => {
    const { one, two, three } = await sharedOut(RUNS);
    const go = Promise.withResolvers<void>();
    const { updateSettings } = two.instances;
    two.instances.updateSettings = async (...order) => {
      await go.promise;
      return updateSettings(...order);
    };
    const requestId = REQUEST_ID;
    const ended = invoke(one, Privacy.applyPrivacySettings, {
      instances: ['a', 'b'],
      ...hideLastSeen,
      requestId,
    });
    const state = async (node: TestNode) =>
      (await invoke(node, Privacy.getApplyResult, { requestId })).responses[0]?.state;
    for (const node of [one, two, three]) await expect.poll(() => state(node)).toBe(ApplyState.RUNNING);
    go.resolve();
    await ended;
    for (const node of [one, two, three]) expect(await state(node)).toBe(ApplyState.ENDED);
  });
});

describe('a watch', () => {
  test('tells of every instance, also of one that moves, once', async () => {
    const { one, two, three, give } = await sharedOut(RUNS);
    const heard: string[] = [];
    const ended = invoke(
      one,
      Privacy.watchPrivacySettings,
      {},
      {
        deadlineMs: 20_000,
        onResponse: ({ instance, event }) => void heard.push(`${instance} ${event?.$case}`),
      },
    );
    await expect.poll(() => [...heard].sort()).toEqual(ALL.map(name => `${name} snapshot`));
    give('b', three.node);
    give('e', one.node);
    await two.close();
    await three.instances.delete('b', undefined, { deadline: 0, signal: new AbortController().signal });
    await expect.poll(() => heard.slice(ALL.length)).toContain('b unavailable');
    for (const node of [one, three]) await node.close();
    await ended;
  });

  test('goes on with the others where a node knows first that one has lost its labels', async () => {
    const { nodes, one, two } = await sharedOut(RUNS);
    for (const { instances } of nodes)
      for (const name of ['b', 'e'])
        await instances.update(name, { labels: { set: { env: 'prod' }, remove: [] } }, {});
    await two.instances.update('b', { labels: { set: { env: 'dev' }, remove: [] } }, {});
    const { secret } = await one.tokens.mint({
      kind: 'SELECTOR',
      selector: [{ key: 'env', must: 'in', values: ['prod'] }],
      access: 'READ_ONLY',
      displayName: '',
    });
    const heard: string[] = [];
    const ended = invoke(
      one,
      Privacy.watchPrivacySettings,
      { instances: ['b', 'e'] },
      { secret, deadlineMs: 20_000, onResponse: ({ instance }) => void heard.push(instance) },
    );
    await expect.poll(() => heard).toEqual(['e']);
    for (const node of nodes) await node.close();
    await ended;
  });

  test('of instances by name is refused where one is not there', async () => {
    const { one } = await sharedOut(RUNS);
    const { code } = await invoke(one, Privacy.watchPrivacySettings, { instances: ['a', 'b', 'nobody'] });
    expect(code).toBe('NOT_FOUND');
  });
});
