import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  NodeServiceService as Service,
  Node_State as State,
} from '../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { sharedNodes } from '../../src/cluster/nodes.js';
import type { NodeDescription } from '../../src/cluster/ports.js';
import { startApi } from '../grpc/support/api.js';
import { invoke } from '../grpc/support/invoke.js';
import { instanceRecord } from '../stores/contract/records.js';
import { administer, newDatabase, openPostgres } from '../stores/postgres/postgres-data.js';

const TTL_MS = 60_000;

/** A node that has joined; its API tells of all nodes. */
async function newNode(url: string, name: string, mostInstances?: number) {
  const id = randomUUID();
  const store = await openPostgres(url, { node: { id, listenUrl: undefined } });
  if (!store.shared) throw new Error('nothing is shared');
  const { leases } = store.shared;
  const self: NodeDescription = { id, name, address: `${name}:1`, version: '1.2.3', mostInstances };
  await leases.join(self, TTL_MS);
  const nodes = sharedNodes(leases, { others: () => [self] }, () => self);
  return { id, store, leases, api: await startApi({ nodes }) };
}

const make = ({ store }: { store: Awaited<ReturnType<typeof openPostgres>> }, names: readonly string[]) =>
  store.instances.createEach(names.map(name => ({ record: instanceRecord(name), along: [] })));

async function answerOf<Response extends object>(ended: Promise<{ responses: readonly Response[] }>) {
  const [response] = (await ended).responses;
  if (!response) throw new Error('there was no answer');
  return response;
}

test('ListNodes tells how many instances each node runs, which one answers, and how many nobody runs', async () => {
  const url = await newDatabase();
  const [berlin, paris] = [await newNode(url, 'berlin', 500), await newNode(url, 'paris')];
  await make(berlin, ['a', 'b', 'c']);
  await berlin.leases.release(['c']);
  const { nodes, freeInstances } = await answerOf(invoke(paris.api, Service.listNodes, {}));
  expect(freeInstances).toBe(1);
  expect(nodes).toEqual([
    {
      id: berlin.id,
      name: 'berlin',
      address: 'berlin:1',
      version: '1.2.3',
      startTime: expect.any(Date),
      state: State.ACTIVE,
      instances: 2,
      mostInstances: 500,
      leaseLeft: expect.anything(),
      answering: false,
    },
    expect.objectContaining({ name: 'paris', instances: 0, mostInstances: 0, answering: true }),
  ]);
  expect(Number(nodes[0]?.leaseLeft?.seconds)).toBeLessThanOrEqual(TTL_MS / 1000);
});

test('a node that was lost is listed with no time left until it is buried', async () => {
  const url = await newDatabase();
  const [lost, heir] = [await newNode(url, 'lost'), await newNode(url, 'heir')];
  await make(lost, ['a']);
  await administer([`update node set expire_time = 1 where id = '${lost.id}'`], url);
  const before = await answerOf(invoke(heir.api, Service.listNodes, {}));
  expect(before.nodes).toMatchObject([
    { name: 'lost', instances: 1, leaseLeft: { seconds: 0n, nanos: 0 } },
    {},
  ]);
  await heir.leases.buryDead();
  const after = await answerOf(invoke(heir.api, Service.listNodes, {}));
  expect(after).toMatchObject({ nodes: [{ name: 'heir' }], freeInstances: 1 });
});

test('ListLeases tells page by page who runs each instance, by name', async () => {
  const url = await newDatabase();
  const [berlin, paris] = [await newNode(url, 'berlin'), await newNode(url, 'paris')];
  await make(berlin, ['b-2', 'b1', 'c']);
  await make(paris, ['a', 'b-10']);
  await berlin.leases.release(['c']);
  const pages: unknown[][] = [];
  for (let pageToken: string | undefined = ''; pageToken !== undefined; ) {
    const request = { pageSize: 2, pageToken };
    const page: { leases: unknown[]; nextPageToken: string } = await answerOf(
      invoke(paris.api, Service.listLeases, request),
    );
    pages.push(page.leases);
    pageToken = page.nextPageToken || undefined;
  }
  expect(pages).toEqual([
    [
      { instance: 'a', nodeId: paris.id, epoch: 1n },
      { instance: 'b-10', nodeId: paris.id, epoch: 1n },
    ],
    [
      { instance: 'b-2', nodeId: berlin.id, epoch: 1n },
      { instance: 'b1', nodeId: berlin.id, epoch: 1n },
    ],
    [{ instance: 'c', nodeId: '', epoch: 1n }],
  ]);
});

test('DrainNode lets another node drain, and no longer, as often as it is told', async () => {
  const url = await newDatabase();
  const [berlin, paris] = [await newNode(url, 'berlin'), await newNode(url, 'paris')];
  const stateAfter = async (undo: boolean) => {
    const { node } = await answerOf(invoke(paris.api, Service.drainNode, { nodeId: berlin.id, undo }));
    expect(node).toMatchObject({ id: berlin.id, answering: false });
    const [known] = await berlin.leases.nodes();
    expect(known?.isDraining).toBe(node?.state === State.DRAINING);
    return node?.state;
  };
  expect(await stateAfter(false)).toBe(State.DRAINING);
  expect(await stateAfter(false)).toBe(State.DRAINING);
  expect(await stateAfter(true)).toBe(State.ACTIVE);
});

test('GetServerInfo tells which of how many nodes answers', async () => {
  const url = await newDatabase();
  const { id, api } = await newNode(url, 'berlin');
  const info = await answerOf(invoke(api, Service.getServerInfo, {}));
  expect(info).toMatchObject({ nodeId: id, nodeName: 'berlin', nodeCount: 2 });
});
