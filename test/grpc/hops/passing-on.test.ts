import { Metadata } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { PrivacyError } from '../../../src/domain/errors.js';
import { clock } from '../../../src/domain/time/clock.js';
import type { CallOptions } from '../../../src/instances/ports/orders.js';
import { snapshot } from '../support/instances.js';
import { invoke } from '../support/invoke.js';
import { openNodes } from '../support/two-nodes.js';

const desk = { instance: 'desk' };
const link = { ...desk, method: { $case: 'qr', value: {} } } as const;
const hide = { ...desk, visibility: { lastSeen: LastSeenVisibility.NONE } };
const failed = async (): Promise<never> => {
  throw new Error('it does not run here');
};

/** A front, and the node that runs the instance; the front's own instances answer nothing. */
async function frontAndHolder() {
  const opened = await openNodes();
  const [front, holder] = opened.nodes;
  opened.give('desk', holder.node);
  Object.assign(front.instances, { readSettings: failed, updateSettings: failed, unlink: failed });
  return { ...opened, front, holder };
}

describe('a call about an instance that another node runs', () => {
  test('is answered by that one', async () => {
    const { front, holder } = await frontAndHolder();
    const direct = await invoke(holder, Privacy.getPrivacySettings, desk);
    const passed = await invoke(front, Privacy.getPrivacySettings, desk);
    expect(passed).toMatchObject({ code: 'OK', responses: direct.responses });
    expect((await invoke(front, Privacy.updatePrivacySettings, hide)).code).toBe('OK');
    expect((await invoke(front, Instances.getInstance, desk)).code).toBe('OK');
    expect(front.faults).toEqual([]);
  });

  test('streams what that one streams', async () => {
    const { front } = await frontAndHolder();
    front.instances.link = () => {
      throw new Error('it does not run here');
    };
    const { code, responses } = await invoke(front, Instances.linkInstance, link);
    expect(code).toBe('OK');
    expect(responses.map(({ event }) => event?.$case)).toEqual(['qrCode', 'qrCode', 'linked']);
  });

  test('fails with the status of that one, as if it had been called', async () => {
    const { front, holder } = await frontAndHolder();
    const problem = {
      kind: 'WHATSAPP_RATE_LIMITED',
      instance: 'desk',
      retryAfterMs: 1_500,
      whatsappCode: 429,
    } as const;
    holder.instances.readSettings = async () => {
      throw new PrivacyError(problem, { message: 'too % many # of\nthem 🙂 \ud800' });
    };
    const metadata = { 'x-request-id': 'mine' };
    const told = async (api: typeof front) => {
      const ended = await invoke(api, Privacy.getPrivacySettings, desk, { metadata, deadlineMs: 60_000 });
      const keys = ['x-request-id', 'grpc-retry-pushback-ms', 'grpc-status-details-bin'];
      return { ...ended, metadata: keys.map(key => ended.metadata.get(key)) };
    };
    const [direct, passed] = [await told(holder), await told(front)];
    expect(passed.metadata).toEqual(direct.metadata);
    expect(passed).toMatchObject({ code: direct.code, message: direct.message, status: direct.status });
    expect(passed.code).toBe('RESOURCE_EXHAUSTED');
  });

  test('is in the log of both, with the name and token of its caller', async () => {
    const { front, holder } = await frontAndHolder();
    await invoke(front, Privacy.getPrivacySettings, desk, { metadata: { 'x-request-id': 'mine' } });
    const lines = [front, holder].map(({ calls }) => calls.filter(({ requestId }) => requestId === 'mine'));
    const line = { code: 'OK', tokenId: front.tokenId };
    expect(lines[0]).toEqual([expect.objectContaining(line)]);
    expect(lines[1]).toEqual([expect.objectContaining({ ...line, fromNode: front.node.id })]);
    expect(lines[0]?.[0]).not.toHaveProperty('fromNode');
  });

  test('counts for the limit of its token once, where it came in', async () => {
    const { front, holder } = await frontAndHolder();
    const remaining = async (api: typeof front) =>
      Number((await invoke(api, Privacy.getPrivacySettings, desk)).metadata.get('x-ratelimit-remaining')[0]);
    const before = await remaining(holder);
    const first = await remaining(front);
    expect(await remaining(front)).toBe(first - 1);
    expect(await remaining(holder)).toBe(before - 1);
  });

  test('has less time there than its caller gave, and the usual time where that gave none', async () => {
    const { front, holder } = await frontAndHolder();
    const left: number[] = [];
    holder.instances.readSettings = async (_name, _age, { deadline }) => {
      left.push(deadline - clock());
      return snapshot;
    };
    await invoke(front, Privacy.getPrivacySettings, desk, { deadlineMs: 60_000 });
    await invoke(front, Privacy.getPrivacySettings, desk);
    const [given = 0, usual = 0] = left;
    expect(given).toBeLessThanOrEqual(60_000 - 250);
    expect(given).toBeGreaterThan(50_000);
    expect(usual).toBeLessThanOrEqual(30_000 - 250);
    expect(usual).toBeGreaterThan(20_000);
  });

  test("ends with that node's own words when its time is over", async () => {
    const { front, holder } = await frontAndHolder();
    holder.instances.readSettings = () => new Promise(() => {});
    const ended = await invoke(front, Privacy.getPrivacySettings, desk, { deadlineMs: 1_500 });
    expect(ended.code).toBe('DEADLINE_EXCEEDED');
    expect(ended.detail('google.rpc.ErrorInfo')).toMatchObject({
      reason: 'DEADLINE_TOO_SHORT',
      metadata: { instance: 'desk' },
    });
  });

  test('ends there when its caller leaves', async () => {
    const { front, holder } = await frontAndHolder();
    const seen = Promise.withResolvers<CallOptions>();
    holder.instances.readSettings = async (_name, _age, call) => {
      seen.resolve(call);
      return new Promise(() => {});
    };
    const { path, requestSerialize, responseDeserialize } = Privacy.getPrivacySettings;
    const request = { instance: 'desk', maxAge: undefined };
    const metadata = bearer(front.secret);
    const call = front.client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      () => {},
    );
    const { signal } = await seen.promise;
    expect(signal.aborted).toBe(false);
    call.cancel();
    await expect.poll(() => signal.aborted).toBe(true);
  });

  test('is for one token of the instance what it is on its node', async () => {
    const { front, give, nodes } = await frontAndHolder();
    const wish = { kind: 'INSTANCE', instance: 'desk', access: 'READ_ONLY', displayName: '' } as const;
    const { secret } = await front.tokens.mint(wish);
    give('desk', nodes[1].node);
    expect((await invoke(front, Privacy.getPrivacySettings, desk, { secret })).code).toBe('OK');
    expect((await invoke(front, Privacy.updatePrivacySettings, hide, { secret })).code).toBe(
      'PERMISSION_DENIED',
    );
  });
});

describe('an instance that moves', () => {
  test('is answered for by its next node when the first says that it is not there', async () => {
    const { nodes, give } = await openNodes(3);
    const [front, stale, heir = stale] = nodes;
    give('desk', heir.node);
    // What the front knows is old: it asks the wrong node first.
    const { holderOf } = front.routing;
    let asked = 0;
    front.routing.holderOf = name => {
      if (asked++ > 0) return holderOf(name);
      return { kind: 'elsewhere', node: stale.node, epoch: 0 };
    };
    stale.instances.readSettings = failed;
    expect((await invoke(front, Privacy.getPrivacySettings, desk)).code).toBe('OK');
  });

  test('is waited for while it is nobody’s', async () => {
    const { nodes, give } = await openNodes();
    const [front, heir] = nodes;
    const call = invoke(front, Privacy.updatePrivacySettings, hide);
    give('desk', heir.node);
    expect((await call).code).toBe('OK');
  });

  test('is told as moved when nobody takes it in time', async () => {
    const { nodes } = await openNodes();
    const ended = await invoke(nodes[0], Privacy.updatePrivacySettings, hide, { deadlineMs: 1_000 });
    expect(ended).toMatchObject({ code: 'UNAVAILABLE' });
    expect(ended.detail('google.rpc.ErrorInfo')).toMatchObject({
      reason: 'INSTANCE_MOVED',
      metadata: { instance: 'desk' },
    });
    expect(ended.detailTypes).toContain('google.rpc.RetryInfo');
  });

  test('that does not exist is told so at once, after the store was asked', async () => {
    const asked: string[] = [];
    const { nodes } = await openNodes(2, { lookUp: async name => void asked.push(name) });
    expect((await invoke(nodes[0], Privacy.getPrivacySettings, { instance: 'nowhere' })).code).toBe(
      'NOT_FOUND',
    );
    expect(asked).toEqual(['nowhere']);
  });

  test('that was made a moment ago on another node is found', async () => {
    const made: string[] = [];
    const opened = await openNodes(2, {
      async lookUp(name) {
        if (made.push(name) === 1) await opened.nodes[0].instances.create({ name, displayName: '' }, {});
      },
    });
    const [front, holder] = opened.nodes;
    await holder.instances.create({ name: 'new', displayName: '' }, {});
    opened.give('new', holder.node);
    expect((await invoke(front, Privacy.getPrivacySettings, { instance: 'new' })).code).toBe('OK');
  });
});

function bearer(secret: string) {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${secret}`);
  return metadata;
}
