import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import {
  DrainNodeResponse,
  type Node,
  NodeServiceService,
} from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { UsageError } from '../../input/usage-error.js';
import type { Api } from '../client/client.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { parseDuration } from '../terminal/duration.js';
import { toJson } from '../terminal/output.js';
import { stateName } from './nodes.js';

type Flags = { readonly undo?: boolean; readonly wait?: true | number };

const USUAL_WAIT_MS = 60_000;
const LOOK_MS = 500;

/** Adds `node drain`. */
export function addNodeCommands(program: Command): void {
  const node = program.command('node').description('Take a node out of use');
  clientCommand<Flags>(
    node,
    'drain <node>',
    'Let a node, by name or id, give its instances to the others; it answers calls meanwhile',
    drain,
  )
    .option('--undo', 'let it take instances again')
    .option('--wait [duration]', 'wait until it runs none, 60s or so long at most', parseDuration);
}

async function drain({ api, output, args: [wanted = ''], flags: { undo = false, wait } }: Run<Flags>) {
  if (undo && wait !== undefined) throw new UsageError(['--undo and --wait: there is nothing to wait for']);
  const { id: nodeId } = await output.progress('Looking', find(api, wanted));
  const response = await output.progress('Telling', api.call(NodeServiceService.drainNode, { nodeId, undo }));
  const waitMs = wait === true ? USUAL_WAIT_MS : wait;
  const node =
    waitMs === undefined ? response.node : await output.progress('Draining', untilEmpty(api, nodeId, waitMs));
  output.print(toJson(DrainNodeResponse, { node }), () => nodeText(node));
}

/** The one node of this id or name. */
async function find(api: Api, wanted: string): Promise<Node> {
  const { nodes } = await api.call(NodeServiceService.listNodes, {});
  const [node, other] = nodes.filter(({ id, name }) => id === wanted || name === wanted);
  if (!node) throw new Error(`no node is called ${wanted}; wa-privacy nodes lists them`);
  if (other) throw new Error(`several nodes are called ${wanted}; say which by its id`);
  return node;
}

/** The node when it runs no more instances; undefined when it has gone by then. */
async function untilEmpty(api: Api, id: string, waitMs: number): Promise<Node | undefined> {
  const end = performance.now() + waitMs;
  for (;;) {
    const { nodes } = await api.call(NodeServiceService.listNodes, {});
    const node = nodes.find(known => known.id === id);
    if (!node || node.instances === 0) return node;
    if (performance.now() > end)
      throw new Error(`${node.name} still runs ${node.instances} instances, and goes on giving them away`);
    await setTimeout(LOOK_MS);
  }
}

const nodeText = (node: Node | undefined): string =>
  node
    ? `${node.name} is ${stateName(node.state)} and runs ${node.instances} instances`
    : 'the node has gone';
