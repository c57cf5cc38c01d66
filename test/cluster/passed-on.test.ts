import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  Instance_State as InstanceState,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { cuttingProxy } from '../support/cutting-proxy.js';
import { link } from '../support/link.js';
import { type RunningNodes, startNodes } from './support/nodes.js';

const hide = { visibility: { lastSeen: LastSeenVisibility.NONE } };

/** How often a change of the setting reached WhatsApp. */
const sets = ({ simulator }: RunningNodes, phoneNumber: string) =>
  simulator
    .journal(phoneNumber)
    .filter(event => event.event === 'asked' && event.iq.attrs['type'] === 'set' && isPrivacy(event.iq))
    .length;
const isPrivacy = ({ attrs }: { readonly attrs: Readonly<Record<string, string>> }) =>
  attrs['xmlns'] === 'privacy';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

test('an account is linked, read, changed and unlinked through a node that does not run it', async () => {
  await using nodes = await startNodes(2);
  const [holder, front] = [nodes.node(0), nodes.node(1)];
  const instance = 'desk';
  await holder.client.call(Instances.createInstance, { name: instance });
  const phone = nodes.simulator.addPhone({ phoneNumber: '15550100777' });
  await link(front.client, instance, phone);
  expect(await nodes.holders()).toEqual({ desk: 'node-1' });

  const { outcomes } = await front.client.call(Privacy.updatePrivacySettings, { instance, ...hide });
  expect(outcomes.map(({ state }) => state)).toEqual([State.APPLIED]);
  const { settings } = await front.client.call(Privacy.getPrivacySettings, { instance });
  expect(settings?.visibility?.lastSeen).toBe(LastSeenVisibility.NONE);
  expect(phone.settings()['last']).toBe('none');
  expect(sets(nodes, phone.phoneNumber)).toBe(1);

  const { instance: unlinked } = await front.client.call(Instances.unlinkInstance, { instance });
  expect(unlinked?.state).toBe(InstanceState.UNLINKED);
});

describe('a change whose node is lost from sight while WhatsApp has it', () => {
  test('is told as WhatsApp made it, which it was asked for once', async () => {
    await using nodes = await startNodes(0);
    const port = await freePort();
    await using way = await cuttingProxy(port);
    const holder = await nodes.start({
      WA_PRIVACY_NODE_LISTEN: `127.0.0.1:${port}`,
      WA_PRIVACY_NODE_ADDRESS: `127.0.0.1:${way.port}`,
    });
    const front = await nodes.start();
    const { instance, phone } = await nodes.linked(holder);
    const slow = nodes.simulator.inject({
      match: { on: 'privacy_set', phoneNumber: phone.phoneNumber },
      effect: { do: 'delay', ms: 1_000, moment: 'before_apply' },
    });
    const request = { instance, ...hide, requestId: crypto.randomUUID() };
    const call = front.client.call(Privacy.updatePrivacySettings, request);
    await expect.poll(() => slow.hits(), { timeout: 60_000 }).toBe(1);
    way.cut();
    const { outcomes, settings } = await call;
    expect(outcomes.map(({ state }) => state)).toEqual([State.APPLIED]);
    expect(settings?.visibility?.lastSeen).toBe(LastSeenVisibility.NONE);
    expect(phone.settings()['last']).toBe('none');
    expect(sets(nodes, phone.phoneNumber)).toBe(1);
    // The holder went on, and remembers the answer.
    const again = await front.client.call(Privacy.updatePrivacySettings, request);
    expect(again.outcomes.map(({ state }) => state)).toEqual([State.APPLIED]);
    expect(sets(nodes, phone.phoneNumber)).toBe(1);
  });
});
