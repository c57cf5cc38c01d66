import { describe, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  ContactBlacklistSetting,
  PrivacyServiceService as Privacy,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { instanceMoved } from '../../../src/domain/errors.js';
import type { CallOptions } from '../../../src/instances/ports/orders.js';
import { cuttingProxy } from '../../support/cutting-proxy.js';
import { invoke } from '../support/invoke.js';
import { openNodes } from '../support/two-nodes.js';

const desk = { instance: 'desk' };
const hide = { ...desk, visibility: { lastSeen: LastSeenVisibility.NONE } };
const exceptMe = {
  ...desk,
  setting: ContactBlacklistSetting.LAST_SEEN,
  entriesToAdd: [{ id: { $case: 'phoneNumber' as const, value: '+15550100201' } }],
};
/** Waits for a connection that is cut. */
const never = new Promise<never>(() => {});

/** A front, a holder behind a network that can be cut, and the node that has the instance after it. */
async function cutOff() {
  const opened = await openNodes(3);
  const [front, holder, heir = holder] = opened.nodes;
  const proxy = await cuttingProxy(Number(holder.node.address.split(':')[1]));
  const lost = { ...holder.node, address: `127.0.0.1:${proxy.port}` };
  opened.give('desk', lost);
  const cut = async () => {
    proxy.cut();
    await proxy[Symbol.asyncDispose]();
  };
  return {
    ...opened,
    front,
    holder,
    heir,
    /** The holder is gone, and its instance another's. */
    async lose() {
      opened.give('desk', heir.node);
      await cut();
    },
    cut,
  };
}
type CutOff = Awaited<ReturnType<typeof cutOff>>;

/** Has a change lost: before anything was sent, or afterwards. */
function loseDuring(nodes: CutOff, when: 'before' | 'after') {
  return async (call: CallOptions): Promise<never> => {
    if (when === 'after') await call.beforeSending?.();
    await nodes.lose();
    return never;
  };
}

const noAddress = /127\.0\.0\.1|localhost|remote_addr|ECONN/;

describe('a read whose node is lost', () => {
  test('is answered by the next', async () => {
    const nodes = await cutOff();
    nodes.holder.instances.readSettings = async (_name, _age, call) => loseDuring(nodes, 'before')(call);
    const ended = await invoke(nodes.front, Privacy.getPrivacySettings, desk);
    expect(ended.code).toBe('OK');
  });

  test('of which the next is lost too has nothing more done, and is told without a word of the network', async () => {
    const nodes = await cutOff();
    const { front, holder, heir } = nodes;
    const second = await cuttingProxy(Number(heir.node.address.split(':')[1]));
    let asked = 0;
    holder.instances.readSettings = async () => {
      asked++;
      nodes.give('desk', { ...heir.node, address: `127.0.0.1:${second.port}` });
      await nodes.cut();
      return never;
    };
    heir.instances.readSettings = async () => {
      asked++;
      second.cut();
      return never;
    };
    const ended = await invoke(front, Privacy.getPrivacySettings, desk);
    expect(ended).toMatchObject({ code: 'UNAVAILABLE' });
    expect(ended.detail('google.rpc.ErrorInfo')?.reason).toBe('INSTANCE_MOVED');
    expect(ended.message).not.toMatch(noAddress);
    expect(asked).toBe(2);
    await second[Symbol.asyncDispose]();
  });
});

describe('a change whose node is lost', () => {
  test('before it sent anything is made by the next, once', async () => {
    const nodes = await cutOff();
    nodes.holder.instances.updateSettings = async (_name, _order, call) => loseDuring(nodes, 'before')(call);
    let made = 0;
    const { updateSettings } = nodes.heir.instances;
    nodes.heir.instances.updateSettings = async (...args) => {
      made++;
      await args[2].beforeSending?.();
      return updateSettings(...args);
    };
    const ended = await invoke(nodes.front, Privacy.updatePrivacySettings, hide);
    expect(ended.code).toBe('OK');
    expect(made).toBe(1);
    expect([...nodes.hopLog.rows.values()]).toEqual(['forbidden', 'begun']);
  });

  test('and goes on there sends nothing any more, once it was made by the next', async () => {
    const nodes = await cutOff();
    const late = Promise.withResolvers<unknown>();
    nodes.holder.instances.updateSettings = async (_name, _order, call) => {
      await nodes.lose();
      await expect.poll(() => nodes.hopLog.rows.size).toBe(1);
      await call.beforeSending?.().then(() => late.resolve('sent'), late.resolve);
      return never;
    };
    expect((await invoke(nodes.front, Privacy.updatePrivacySettings, hide)).code).toBe('OK');
    expect(await late.promise).toMatchObject({ problem: { kind: 'INSTANCE_MOVED' } });
  });

  test('after it began is told as applied when the next finds nothing left to change', async () => {
    const nodes = await cutOff();
    nodes.holder.instances.updateSettings = async (_name, _order, call) => loseDuring(nodes, 'after')(call);
    const asked: unknown[] = [];
    const followedUp: unknown[] = [];
    nodes.heir.instances.updateSettings = async (instance, order, { followsUp }) => {
      asked.push(order);
      followedUp.push(followsUp);
      const outcome = {
        setting: 'last_seen',
        state: 'UNCHANGED',
        previous: 'none',
        requested: 'none',
      } as const;
      return { instance, outcomes: [outcome], settings: undefined, sent: false };
    };
    const request = { ...hide, etag: 'old', requestId: crypto.randomUUID() };
    const ended = await invoke(nodes.front, Privacy.updatePrivacySettings, request);
    expect(ended.responses).toMatchObject([{ outcomes: [{ state: State.APPLIED, previousValue: '' }] }]);
    expect(followedUp).toEqual([request.requestId]); // By which the history there knows it.
    expect(asked).toMatchObject([{ validateOnly: true, etag: undefined, requestId: '' }]);
  });

  test('after it began is told as unknown when the next finds it otherwise', async () => {
    const nodes = await cutOff();
    nodes.holder.instances.updateSettings = async (_name, _order, call) => loseDuring(nodes, 'after')(call);
    nodes.heir.instances.updateSettings = async instance => {
      const change = { setting: 'last_seen', previous: 'all', requested: 'none' } as const;
      const outcomes = [{ ...change, state: 'WOULD_CHANGE' as const }];
      return { instance, outcomes, settings: undefined, sent: false };
    };
    const ended = await invoke(nodes.front, Privacy.updatePrivacySettings, hide);
    expect(ended.code).toBe('ABORTED');
    expect(ended.detail('whatsapp.privacy.v1.PrivacyUpdateFailure')).toMatchObject({
      outcomes: [{ state: State.UNKNOWN }],
    });
    expect(ended.metadata.get('grpc-retry-pushback-ms')).toEqual(['-1']);
    expect(JSON.stringify(ended.status)).not.toMatch(noAddress);
  });

  test('after it began is told as unknown when no other takes over in its time', async () => {
    const nodes = await cutOff();
    nodes.holder.instances.updateSettings = async (_name, _order, call) => {
      await call.beforeSending?.();
      nodes.give('desk', undefined);
      await nodes.cut();
      return never;
    };
    const ended = await invoke(nodes.front, Privacy.updatePrivacySettings, hide, { deadlineMs: 3_000 });
    expect(ended.detail('whatsapp.privacy.v1.PrivacyUpdateFailure')).toMatchObject({
      outcomes: [{ state: State.UNKNOWN }],
    });
  });

  test('is told as unknown when nobody can say whether it began', async () => {
    const nodes = await cutOff();
    nodes.holder.instances.updateSettings = async (_name, _order, call) => loseDuring(nodes, 'before')(call);
    nodes.hopLog.forbid = async () => {
      throw new Error('the database is away');
    };
    nodes.heir.instances.updateSettings = async () => never;
    const ended = await invoke(nodes.front, Privacy.updatePrivacySettings, hide, { deadlineMs: 3_000 });
    expect(ended.detail('whatsapp.privacy.v1.PrivacyUpdateFailure')).toMatchObject({
      outcomes: [{ state: State.UNKNOWN }],
    });
  });

  test('of a list is told as applied when the next finds nothing left to change', async () => {
    const nodes = await cutOff();
    nodes.holder.instances.updateContactList = async (_name, _order, call) =>
      loseDuring(nodes, 'after')(call);
    nodes.heir.instances.updateContactList = async (_name, { setting, validateOnly }) => {
      const requested = 'contact_blacklist';
      const outcome = { setting, state: 'UNCHANGED', previous: requested, requested } as const;
      return { contacts: [], etag: 'new', outcome, sent: !validateOnly };
    };
    const ended = await invoke(nodes.front, Privacy.updateContactBlacklist, exceptMe);
    expect(ended.responses).toMatchObject([{ etag: 'new', outcome: { state: State.APPLIED } }]);
  });

  test('that unlinks is gone on with by the next', async () => {
    const nodes = await cutOff();
    nodes.holder.instances.unlink = async (_name, call) => loseDuring(nodes, 'after')(call);
    expect((await invoke(nodes.front, Instances.unlinkInstance, desk)).code).toBe('OK');
  });

  test('that deletes has done so when the instance is gone', async () => {
    const nodes = await cutOff();
    nodes.holder.instances.delete = async (name, _etag, call) => {
      await call.beforeSending?.();
      await nodes.front.instances.delete(name, undefined, call);
      await nodes.lose();
      return never;
    };
    expect((await invoke(nodes.front, Instances.deleteInstance, desk)).code).toBe('OK');
  });
});

test('a link whose node is lost ends, for its code is worth nothing any more', async () => {
  const nodes = await cutOff();
  const { link } = nodes.holder.instances;
  nodes.holder.instances.link = async function* (...args) {
    for await (const event of link(...args)) {
      yield event;
      await nodes.lose();
      await never;
    }
  };
  const ended = await invoke(nodes.front, Instances.linkInstance, {
    ...desk,
    method: { $case: 'qr', value: {} },
  });
  expect(ended).toMatchObject({ code: 'UNAVAILABLE' });
  expect(ended.detail('google.rpc.ErrorInfo')?.reason).toBe('CONNECTION_LOST');
  expect(ended.message).not.toMatch(noAddress);
});

test('an instance that is lost to this node before anything was sent is passed on', async () => {
  const { nodes, give } = await openNodes();
  const [front, heir] = nodes;
  give('desk', front.node);
  const { updateSettings } = front.instances;
  front.instances.updateSettings = async () => {
    give('desk', heir.node);
    front.instances.updateSettings = updateSettings;
    throw instanceMoved('desk');
  };
  const ended = await invoke(front, Privacy.updatePrivacySettings, hide);
  expect(ended.code).toBe('OK');
  expect(heir.calls).toHaveLength(1);
});
