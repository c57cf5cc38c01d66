import type { Command } from 'commander';
import {
  Lease,
  ListNodesResponse,
  type Node,
  NodeServiceService,
  Node_State as State,
} from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import type { Api } from '../client/client.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { inSeconds } from '../terminal/duration.js';
import { table, toJson } from '../terminal/output.js';

type Flags = { readonly instances?: true };

/** The largest that the service gives. */
const PAGE = 200;

/** Adds `nodes`. */
export function addNodesCommand(program: Command): void {
  clientCommand<Flags>(
    program,
    'nodes',
    'List the nodes that share the instances, how many each runs, and for how long it counts as alive yet',
    list,
  ).option('--instances', 'also which node runs which instance');
}

async function list({ api, output, flags }: Run<Flags>) {
  const response = await output.progress('Listing', api.call(NodeServiceService.listNodes, {}));
  const leases = flags.instances && (await output.progress('Listing', allLeases(api)));
  const document = Object(toJson(ListNodesResponse, response));
  output.print(leases ? { ...document, leases: leases.map(lease => toJson(Lease, lease)) } : document, () =>
    [nodesText(response), ...(leases ? [leasesTable(leases, response.nodes)] : [])].join('\n'),
  );
}

async function allLeases(api: Api): Promise<Lease[]> {
  const leases: Lease[] = [];
  let pageToken = '';
  do {
    const page = await api.call(NodeServiceService.listLeases, { pageSize: PAGE, pageToken });
    leases.push(...page.leases);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return leases;
}

/** The nodes, and what nobody runs. */
export const nodesText = ({ nodes, freeInstances }: ListNodesResponse): string =>
  [
    table(
      ['node', 'id', 'address', 'version', 'state', 'instances', 'lease left', 'since', 'answers'],
      nodes.map(node => [
        node.name,
        node.id,
        node.address,
        node.version,
        stateName(node.state),
        node.mostInstances === 0
          ? String(node.instances)
          : `${node.instances} of at most ${node.mostInstances}`,
        node.leaseLeft ? `${inSeconds(node.leaseLeft).toFixed(1)} s` : '',
        node.startTime?.toISOString() ?? '',
        node.answering ? 'yes' : '',
      ]),
    ),
    ...(freeInstances > 0 ? [`${freeInstances} instances are run by no node at present.`] : []),
  ].join('\n');

const leasesTable = (leases: readonly Lease[], nodes: readonly Node[]): string => {
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  return table(
    ['instance', 'node', 'id', 'epoch'],
    leases.map(({ instance, nodeId, epoch }) => [
      instance,
      nodeId === '' ? 'none' : (names.get(nodeId) ?? ''),
      nodeId,
      String(epoch),
    ]),
  );
};

/** `draining`. */
export const stateName = (state: State): string => State[state]?.toLowerCase() ?? `number ${state}`;
