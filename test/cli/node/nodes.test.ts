import { status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import {
  DrainNodeResponse,
  ListLeasesResponse,
  ListNodesResponse,
  Node_State as State,
} from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { run } from '../support/run.js';
import { type Answers, failure, startService } from '../support/service.js';

const NODES = ListNodesResponse.fromPartial({
  nodes: [
    {
      id: 'id-1',
      name: 'berlin',
      address: '10.0.0.1:50052',
      version: '1.2.3',
      startTime: new Date(0),
      state: State.ACTIVE,
      instances: 2,
      mostInstances: 500,
      leaseLeft: { seconds: 12n, nanos: 340_000_000 },
      answering: true,
    },
    { id: 'id-2', name: 'paris', state: State.DRAINING, instances: 1, leaseLeft: {} },
    { id: 'id-3', name: 'paris', state: 99 },
  ],
  freeInstances: 3,
});

async function service(answers: Answers) {
  const { address, calls, stop } = await startService({ listNodes: () => NODES, ...answers });
  onTestFinished(stop);
  const env = { WA_PRIVACY_SERVER: address, WA_PRIVACY_TOKEN: 'wap_abc' };
  return { calls, run: (...args: string[]) => run(args, { env }) };
}

/** The cells of the line that begins with this one. */
const cellsOf = (text: string, first: string) =>
  text
    .split('\n')
    .map(line => line.split('│').map(cell => cell.trim()))
    .find(cells => cells[1] === first)
    ?.slice(1, -1);

test('nodes shows what each runs, which one answers and what nobody runs', async () => {
  const { run } = await service({});
  const { code, stdout } = await run('nodes');
  expect(code).toBe(0);
  expect(cellsOf(stdout, 'berlin')).toEqual([
    'berlin',
    'id-1',
    '10.0.0.1:50052',
    '1.2.3',
    'active',
    '2 of at most 500',
    '12.3 s',
    '1970-01-01T00:00:00.000Z',
    'yes',
  ]);
  expect(cellsOf(stdout, 'paris')).toMatchObject({ 4: 'draining', 5: '1', 6: '0.0 s', 8: '' });
  expect(stdout).toContain('number 99');
  expect(stdout).toContain('3 instances are run by no node at present.');
});

test('nodes --instances reads every page of who runs what', async () => {
  const { run } = await service({
    listLeases: ({ pageToken }) =>
      ListLeasesResponse.fromPartial(
        pageToken === ''
          ? { leases: [{ instance: 'a', nodeId: 'id-1', epoch: 7n }], nextPageToken: 'more' }
          : {
              leases: [
                { instance: 'b', epoch: 1n },
                { instance: 'c', nodeId: 'id-new', epoch: 2n },
              ],
            },
      ),
  });
  const { stdout } = await run('nodes', '--instances');
  expect(cellsOf(stdout, 'a')).toEqual(['a', 'berlin', 'id-1', '7']);
  expect(cellsOf(stdout, 'b')).toEqual(['b', 'none', '', '1']);
  expect(cellsOf(stdout, 'c')).toEqual(['c', '', 'id-new', '2']);
  const { stdout: json } = await run('nodes', '--instances', '--json');
  const parsed = JSON.parse(json);
  expect(parsed.leases.map(({ instance }: { instance: string }) => instance)).toEqual(['a', 'b', 'c']);
  expect(parsed.nodes).toHaveLength(3);
});

test('node drain finds the node by its name, and by its id', async () => {
  const { calls, run } = await service({
    drainNode: ({ nodeId, undo }) =>
      DrainNodeResponse.fromPartial({
        node: { id: nodeId, name: 'berlin', state: undo ? State.ACTIVE : State.DRAINING, instances: 2 },
      }),
  });
  const { code, stdout } = await run('node', 'drain', 'berlin');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'berlin is draining and runs 2 instances\n' });
  expect((await run('node', 'drain', 'id-3', '--undo')).stdout).toContain('is active');
  const told = calls.filter(({ method }) => method === 'drainNode').map(({ request }) => request);
  expect(told).toEqual([
    { nodeId: 'id-1', undo: false },
    { nodeId: 'id-3', undo: true },
  ]);
});

test('node drain tells no node where the name is of several, or of none', async () => {
  const { calls, run } = await service({});
  const several = await run('node', 'drain', 'paris');
  expect(several).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('several nodes are called paris'),
  });
  const none = await run('node', 'drain', 'rome');
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('no node is called rome') });
  expect(calls.map(({ method }) => method)).not.toContain('drainNode');
});

test('node drain --wait ends when the node runs nothing, has gone, or the time is over', async () => {
  let looks = 0;
  const drained = { drainNode: () => DrainNodeResponse.fromPartial({ node: NODES.nodes[0] ?? {} }) };
  const emptying = await service({
    ...drained,
    listNodes: () => ({
      ...NODES,
      nodes: NODES.nodes.map(node => ({ ...node, instances: looks > 2 ? 0 : 3 - looks++ })),
    }),
  });
  expect(await emptying.run('node', 'drain', 'berlin', '--wait')).toMatchObject({
    code: 0,
    stdout: 'berlin is active and runs 0 instances\n',
  });
  let isThere = true;
  const leaving = await service({
    listNodes: () => ({ ...NODES, nodes: isThere ? NODES.nodes : [] }),
    drainNode: () => {
      isThere = false;
      return drained.drainNode();
    },
  });
  expect((await leaving.run('node', 'drain', 'berlin', '--wait')).stdout).toBe('the node has gone\n');
  const staying = await service(drained);
  expect(await staying.run('node', 'drain', 'berlin', '--wait', '100ms')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('berlin still runs 2 instances'),
  });
});

test('node drain passes on that there is only one node', async () => {
  const { run } = await service({
    drainNode: () => {
      throw failure(status.FAILED_PRECONDITION, 'One process has its data alone here');
    },
  });
  const { code, stderr } = await run('node', 'drain', 'berlin');
  expect(code).toBe(1);
  expect(stderr).toContain('One process has its data alone here');
});
