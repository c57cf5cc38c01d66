import { describe, expect, test } from 'vitest';
import {
  InstanceServiceService as Instances,
  Instance_State as State,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  type ApplyPrivacySettingsRequest,
  GetApplyResultResponse_State as ApplyState,
  PrivacyServiceService as Privacy,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility, ProfileVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import {
  Token_Access as Access,
  Token_Kind as Kind,
  TokenServiceService as Tokens,
} from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { bearer, CallError } from '../support/call.js';
import { watch } from '../support/watch.js';
import { type RunningNode, startNodes } from './support/nodes.js';

const PATIENCE = { timeout: 120_000, interval: 100 };

/** Three nodes, each with an account; `names` are those of the instances. */
async function threeDesks() {
  const nodes = await startNodes(3);
  const desks = [
    await nodes.linked(nodes.node(0)),
    await nodes.linked(nodes.node(1)),
    await nodes.linked(nodes.node(2)),
  ] as const;
  expect(Object.values(await nodes.holders()).sort()).toEqual(['node-1', 'node-2', 'node-3']);
  const names = desks.map(({ instance }) => instance);
  return { ...nodes, desks, names };
}

const apply = async (node: RunningNode, request: Partial<ApplyPrivacySettingsRequest>) => {
  const results = [];
  try {
    for await (const result of node.client.stream(Privacy.applyPrivacySettings, request))
      results.push(result);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
  }
  return results.sort((a, b) => a.index - b.index).map(({ instance, result }) => ({ instance, result }));
};
const newestId = async (node: RunningNode) => {
  const { changes } = await node.client.call(Privacy.listPrivacyChanges, { pageSize: 1 });
  return changes[0]?.id ?? 0n;
};

describe('accounts that several nodes run', () => {
  test('are listed through any of them, as they are', async () => {
    await using nodes = await threeDesks();
    const { names } = nodes;
    for (const { client } of nodes.nodes) {
      const { instances } = await client.call(Instances.listInstances, { state: State.CONNECTED });
      expect(instances.map(({ name }) => name)).toEqual(names);
      const { entries } = await client.call(Privacy.listPrivacySettings, {});
      expect(entries.map(({ instance, result }) => [instance, result?.$case])).toEqual(
        names.map(name => [name, 'settings']),
      );
    }
  });

  test('are updated through any of them, and a repetition through another sends nothing', async () => {
    await using nodes = await threeDesks();
    const { desks, names } = nodes;
    const [, refused] = desks;
    nodes.simulator.inject({
      match: { on: 'privacy_set', phoneNumber: refused.phone.phoneNumber, category: 'profile' },
      effect: { do: 'refuse', code: 403, text: 'forbidden' },
    });
    const request = {
      instances: names,
      visibility: { lastSeen: LastSeenVisibility.NONE, profile: ProfileVisibility.NONE },
      requestId: 'c6a1b0d2-57f5-4a55-8a0e-1f7c2c2f3b44',
    };
    const first = await apply(nodes.node(0), request);
    expect(first.map(({ result }) => result?.$case)).toEqual(['success', 'error', 'success']);
    for (const { phone } of [desks[0], desks[2]]) expect(phone.settings()).toMatchObject({ last: 'none' });
    const newest = await newestId(nodes.node(0));
    expect(await apply(nodes.node(2), request)).toEqual(first);
    expect(await newestId(nodes.node(1))).toBe(newest);
    const { requestId } = request;
    const { state, succeededCount, failedCount } = await nodes
      .node(1)
      .client.call(Privacy.getApplyResult, { requestId });
    expect({ state, succeededCount, failedCount }).toEqual({
      state: ApplyState.ENDED,
      succeededCount: 2,
      failedCount: 1,
    });
  });

  test('are watched by their labels, wherever these are changed', async () => {
    await using nodes = await threeDesks();
    const [first] = nodes.desks;
    const relabel = (node: RunningNode, env: string) =>
      node.client.call(Instances.updateInstance, { instance: first.instance, labelsToSet: { env } });
    await relabel(nodes.node(1), 'prod');
    const { secret } = await nodes.node(1).client.call(Tokens.createToken, {
      kind: Kind.SELECTOR,
      labelSelector: 'env=prod',
      access: Access.READ_ONLY,
      displayName: 'prod',
    });
    const watching = watch(nodes.node(2).client, { startAfter: 0n }, { metadata: bearer(secret) });
    const said = () => watching.heard().filter(words => !words.endsWith('recorded'));
    await expect.poll(said, PATIENCE).toEqual([`${first.instance} snapshot`]);
    await relabel(nodes.node(1), 'dev');
    await expect.poll(said, PATIENCE).toEqual([`${first.instance} snapshot`, `${first.instance} unmatched`]);
    await relabel(nodes.node(0), 'prod');
    await expect.poll(said, PATIENCE).toHaveLength(3);
    watching.leave();
  });

  test('are followed through one node while another is stopped: nothing is missed or told twice', async () => {
    await using nodes = await threeDesks();
    const { desks, names } = nodes;
    const [moving, , staying] = desks;
    const from = await newestId(nodes.node(2));
    const watching = watch(nodes.node(2).client, { instances: names, startAfter: from });
    await expect.poll(() => watching.heard().sort(), PATIENCE).toEqual(names.map(name => `${name} snapshot`));

    await nodes.node(0).stop();
    for (const { phone } of [moving, staying]) phone.setPrivacy('status', 'none');
    const statusOf = (name: string) => {
      const told = watching.events.flatMap(({ instance, event }) => {
        if (instance !== name) return [];
        if (event?.$case === 'snapshot') return [event.value];
        return event?.$case === 'change' && event.value.settings ? [event.value.settings] : [];
      });
      return told.at(-1)?.categories.find(({ category }) => category === 'status')?.value;
    };
    await expect
      .poll(() => [moving, staying].map(({ instance }) => statusOf(instance)), PATIENCE)
      .toEqual(['none', 'none']);

    const { changes } = await nodes.node(1).client.call(Privacy.listPrivacyChanges, { startAfter: from });
    const recorded = () =>
      watching.events.flatMap(({ event }) => (event?.$case === 'recorded' ? [event.value.id] : []));
    await expect.poll(recorded, PATIENCE).toEqual(changes.map(({ id }) => id));
    watching.leave();
  });
});
