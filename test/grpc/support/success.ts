import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { PrivacyServiceService as Privacy } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { link, linkWithPasskey } from '../../support/link.js';
import { openApi } from './api.js';
import { invoke } from './invoke.js';
import { nodesWith } from './nodes.js';
import { importSource } from './provoke-importing.js';
import type { Stage, Subject } from './stage.js';

type Succeed = (stage: Stage, subject: Subject) => Promise<unknown>;

/** Calls a method that streams, and goes when the first response is there. */
const first: Succeed = async ({ service, another }, { method, request }) => {
  const { instance } = await another('well');
  for await (const response of service.client.stream(method, request(instance, ''))) return response;
  throw new Error('the stream ended without a response');
};

/** Calls a method to its end, on a linked instance of its own and a token of its own. */
const whole: Succeed = async ({ call, another, token }, { method, request }) => {
  const ended = await call(method, request((await another('well')).instance, await token()));
  expect(ended).toMatchObject({ code: 'OK', message: 'OK', detailTypes: [] });
  expect(ended.responses).toHaveLength(1);
};

/** Does not wait for the instances that cannot be read. */
const hasty: Succeed = async ({ call }, { method, request }) => {
  const ended = await call(method, request('', ''), { deadlineMs: 5000 });
  expect(ended.code).toBe('OK');
};

/** Answers each step of a link with a passkey by these methods, and lets the link be made. */
const throughPasskey: Succeed = async ({ service, unlinked }) => {
  const phone = service.simulator.addPhone({ phoneNumber: `1555033${1000 + ++passkeys}`, passkey: true });
  await linkWithPasskey(service.client, await unlinked(), phone, { compareCode: true });
};
let passkeys = 0;

/** Calls a node that has others, or may have. */
const amongNodes: Succeed = async (_, { method, request }) => {
  const { secret, ...api } = await openApi({ nodes: nodesWith() });
  const ended = await invoke({ client: api.client, secret }, method, { ...request('', ''), nodeId: 'this' });
  await api.close();
  expect(ended).toMatchObject({ code: 'OK', detailTypes: [] });
};

const SPECIAL: Readonly<Record<string, Succeed>> = {
  'PrivacyService/ListPrivacySettings': hasty,
  'PrivacyService/WatchPrivacySettings': first,
  'PrivacyService/GetApplyResult': async ({ service, call, another }, { method }) => {
    const order = { instances: [(await another('well')).instance], requestId: randomUUID() };
    const applied = service.client.stream(Privacy.applyPrivacySettings, {
      ...order,
      visibility: { lastSeen: 4 },
    });
    await Array.fromAsync(applied);
    const ended = await call(method, { requestId: order.requestId });
    expect(ended).toMatchObject({ code: 'OK', detailTypes: [], responses: [{ succeededCount: 1 }] });
  },
  'InstanceService/SubmitPasskeyAssertion': throughPasskey,
  'InstanceService/ConfirmPasskeyCode': throughPasskey,
  'NodeService/DownloadBackup': first,
  'NodeService/ListLeases': amongNodes,
  'NodeService/DrainNode': amongNodes,
  'InstanceService/ImportInstance': async (stage, { method, request }) => {
    const { source } = await importSource(stage);
    const ended = await stage.call(method, { ...request(await stage.unlinked(), ''), source });
    expect(ended).toMatchObject({ code: 'OK', detailTypes: [] });
  },
  'InstanceService/LinkInstance': async ({ service, unlinked }) => {
    const phone = service.simulator.addPhone({ phoneNumber: '15550399998' });
    await link(service.client, await unlinked(), phone);
  },
};

/** Makes a call that succeeds; throws when it does not. */
export const succeed: Succeed = (stage, subject) => (SPECIAL[subject.name] ?? whole)(stage, subject);
