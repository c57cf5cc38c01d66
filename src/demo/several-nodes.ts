import { setTimeout } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import {
  Instance,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  ListNodesResponse,
  NodeServiceService as Nodes,
} from '../../gen/ts/whatsapp/privacy/v1/node_service.js';
import {
  GetPrivacySettingsResponse,
  OnFailure,
  PrivacyServiceService as Privacy,
  UpdatePrivacySettingsResponse,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { isServiceError } from '../cli/client/client.js';
import { nodesText } from '../cli/node/nodes.js';
import { createOutput, table, toJson } from '../cli/terminal/output.js';
import { encodeSettings } from '../cli/texts/setting-values.js';
import { outcomesTable, settingsText } from '../cli/texts/settings-text.js';
import { parseAssignments } from '../input/assignments.js';
import type { SessionRecord } from '../simulator/index.js';
import type { NodeProcess } from './node-process.js';
import { setNodesStage } from './nodes-stage.js';
import { scan } from './scan.js';

const INSTANCE = 'support-desk';
const CHANGE = ['last_seen=contacts', 'group_add=contacts'];
/** No settings that anybody has in memory. */
const NOW = { seconds: 0n, nanos: 0 };
/** The node is counted as dead 15 s after it was heard of last; the rest is for the dial. */
const FAILOVER_MS = 60_000;
const AGAIN_MS = 500;

/** Shows nodes that share the instances, and what becomes of an instance whose node is killed. */
export async function demoOfNodes(options: {
  count: number;
  database: string | undefined;
  json: boolean;
}): Promise<void> {
  const output = createOutput(options.json);
  const stage = await output.progress('Starting the nodes', setNodesStage(options.count, options.database));
  const { nodes, phone, simulator } = stage;
  const [first, second, third] = [nodes[0], nodes[1], nodes.at(-1)];

  const show = (step: string, result: unknown, text: string) =>
    output.print({ step, result }, () => `\n▸ ${step}\n${text}`);

  async function showNodes(step: string, { api }: NodeProcess) {
    const listed = await api.call(Nodes.listNodes, {});
    show(step, toJson(ListNodesResponse, listed), nodesText(listed));
  }

  try {
    if (!first || !second || !third) throw new Error('there are no two nodes');
    await showNodes(`${options.count} nodes, one database, one WhatsApp`, first);

    const wish = { ...Instances.createInstance.requestDeserialize(Buffer.of()), name: INSTANCE };
    await first.api.call(Instances.createInstance, wish);
    const linked = await output.progress('Linking', scan(first.api, INSTANCE, phone));
    show(
      `LinkInstance through ${first.name}`,
      Instance.toJSON(linked),
      `  linked ${linked.maskedPhoneNumber}`,
    );

    const read = await second.api.call(Privacy.getPrivacySettings, { instance: INSTANCE, maxAge: undefined });
    show(
      `GetPrivacySettings through ${second.name}, which asks the node that runs the instance`,
      toJson(GetPrivacySettingsResponse, read),
      read.settings ? settingsText(read.settings) : '  no settings',
    );

    const changed = await third.api.call(Privacy.updatePrivacySettings, {
      ...Privacy.updatePrivacySettings.requestDeserialize(Buffer.of()),
      instance: INSTANCE,
      onFailure: OnFailure.STOP,
      ...encodeSettings(parseAssignments(CHANGE)),
    });
    show(
      `UpdatePrivacySettings through ${third.name}`,
      toJson(UpdatePrivacySettingsResponse, changed),
      outcomesTable(changed.outcomes),
    );

    const holder = await holderOf(first, nodes);
    const survivor = nodes.find(node => node !== holder) ?? first;
    await holder.kill();
    await showNodes(`${holder.name}, which runs the instance, is killed`, survivor);

    const begun = performance.now();
    const after = await output.progress('Waiting for the failover', readOnceTakenOver(survivor));
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    const heir = await holderOf(survivor, nodes);
    show(
      `GetPrivacySettings through ${survivor.name}, answered after ${seconds} s: ${heir.name} runs it now`,
      toJson(GetPrivacySettingsResponse, after),
      after.settings ? settingsText(after.settings) : '  no settings',
    );

    const logins = simulator.sessions(phone.phoneNumber);
    show(
      'What WhatsApp saw: one device, and no two sessions of it at a time',
      { devices: phone.devices().length, logins, overlapping: overlapping(logins).length },
      loginsTable(logins),
    );
  } finally {
    await stage.clear();
  }
}

/** The node that runs the instance, as this one knows it. */
async function holderOf({ api }: NodeProcess, nodes: readonly NodeProcess[]): Promise<NodeProcess> {
  const [{ nodes: known }, { leases }] = await Promise.all([
    api.call(Nodes.listNodes, {}),
    api.call(Nodes.listLeases, { pageSize: 0, pageToken: '' }),
  ]);
  const lease = leases.find(({ instance }) => instance === INSTANCE);
  const name = known.find(({ id }) => id === lease?.nodeId)?.name;
  const node = nodes.find(each => each.name === name);
  if (!node) throw new Error('no node runs the instance');
  return node;
}

/** The settings as WhatsApp tells them anew, once another node runs the instance. */
async function readOnceTakenOver({ api }: NodeProcess): Promise<GetPrivacySettingsResponse> {
  const end = performance.now() + FAILOVER_MS;
  for (;;) {
    try {
      return await api.call(Privacy.getPrivacySettings, { instance: INSTANCE, maxAge: NOW });
    } catch (error) {
      if (!isServiceError(error) || error.code !== status.UNAVAILABLE || performance.now() > end) throw error;
      await setTimeout(AGAIN_MS);
    }
  }
}

/** The sessions during which another one of the device began. */
const overlapping = (sessions: readonly SessionRecord[]): readonly SessionRecord[] =>
  sessions.filter((session, index) =>
    sessions.slice(index + 1).some(({ from, device }) => device === session.device && from < endOf(session)),
  );

const endOf = ({ replaced, until }: SessionRecord): number =>
  Math.min(replaced ?? Infinity, until ?? Infinity);

const loginsTable = (sessions: readonly SessionRecord[]): string => {
  const begin = sessions[0]?.from ?? 0;
  const seconds = (time: number) => `${((time - begin) / 1000).toFixed(1)} s`;
  return table(
    ['device', 'logged in', 'until'],
    sessions.map(session => [
      String(session.device),
      seconds(session.from),
      endOf(session) === Infinity ? 'still there' : seconds(endOf(session)),
    ]),
  );
};
