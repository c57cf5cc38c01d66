import { describe, expect, test } from 'vitest';
import type { Disconnect } from '../../../src/domain/disconnect.js';
import { sharedBreaker } from '../../../src/instances/connecting/across-nodes/shared-breaker.js';
import { breaker } from '../../../src/instances/connecting/breaker.js';
import { sharedHolds } from '../support/holds.js';

const MINUTE_MS = 60_000;
const OUTDATED: Disconnect = {
  code: 405,
  text: 'outdated',
  culprit: { kind: 'client_version', version: '2.3000.1', ageDays: 130 },
};
const LIMITED = { code: 429, text: 'limited' };

/** What is under way between the nodes comes to its end. */
const settled = () => new Promise(resolve => setImmediate(resolve));

/** Three nodes on one clock, which the test sets, without jitter. */
async function setUp() {
  const clock = { now: 1_800_000_000_000 };
  const holds = sharedHolds(clock);
  const faults: unknown[] = [];
  const newNode = () => {
    const own = breaker(
      () => clock.now,
      () => 0.5,
    );
    return sharedBreaker(own, holds.store, { taskFailed: ({ cause }) => void faults.push(cause) });
  };
  const nodes = [newNode(), newNode(), newNode()] as const;
  await settled();
  return {
    clock,
    holds,
    faults,
    nodes,
    newNode,
    heldSeconds: () => nodes.map(node => (node.hold()?.leftMs ?? 0) / 1000),
    dialling: () => Promise.all(nodes.map(async node => node.dialling())),
  };
}

describe('a client that WhatsApp calls outdated on one of several nodes', () => {
  test('is held on all, and tried by one of them in five minutes', async () => {
    const { nodes, clock, heldSeconds, dialling } = await setUp();
    nodes[0].failed(OUTDATED);
    await settled();
    expect(heldSeconds()).toEqual([300, 300, 300]);
    expect(nodes[2].hold()?.cause).toEqual(OUTDATED);
    for (let round = 0; round < 3; round++) {
      clock.now += 5 * MINUTE_MS;
      expect(heldSeconds()).toEqual([0, 0, 0]);
      expect((await dialling()).toSorted()).toEqual(['held', 'held', 'probe']);
      await settled();
      expect(heldSeconds()).toEqual([300, 300, 300]);
    }
  });

  test('dials on all of them once one was accepted, and who waits is told', async () => {
    const { nodes, heldSeconds, dialling } = await setUp();
    const told: string[] = [];
    nodes[1].listen({ refused: () => told.push('refused'), accepted: () => told.push('accepted') });
    nodes[0].failed(OUTDATED);
    await settled();
    const over = nodes[1].hold()?.over;
    nodes[2].accepted();
    await settled();
    expect(heldSeconds()).toEqual([0, 0, 0]);
    expect(over?.aborted).toBe(true);
    expect(told).toEqual(['refused', 'accepted']);
    expect(await dialling()).toEqual(['freely', 'freely', 'freely']);
  });

  test('is tried at once by one of them when it presents itself otherwise', async () => {
    const { nodes, dialling } = await setUp();
    nodes[0].failed(OUTDATED);
    await settled();
    const over = nodes[1].hold()?.over;
    nodes[2].renewed();
    await settled();
    expect(over?.aborted).toBe(true);
    expect((await dialling()).toSorted()).toEqual(['held', 'held', 'probe']);
  });

  test('holds a node that starts later', async () => {
    const { nodes, clock, newNode } = await setUp();
    nodes[0].failed(OUTDATED);
    await settled();
    clock.now += MINUTE_MS;
    const late = newNode();
    await settled();
    expect(late.hold()?.leftMs).toBe(4 * MINUTE_MS);
  });

  test('is tried by nobody who cannot ask the others', async () => {
    const { nodes, clock, holds, faults, dialling } = await setUp();
    nodes[0].failed(OUTDATED);
    await settled();
    holds.state.isAway = true;
    clock.now += 5 * MINUTE_MS;
    expect(await dialling()).toEqual(['held', 'held', 'held']);
    await settled();
    expect(faults.length).toBeGreaterThan(0);
  });
});

test('a rate limit of one node holds all, and grows from node to node', async () => {
  const { nodes, clock, heldSeconds } = await setUp();
  nodes[0].failed(LIMITED);
  await settled();
  const [first = 0, ...others] = heldSeconds();
  expect(first).toBeGreaterThan(0);
  expect(others).toEqual([first, first]);
  clock.now += first * 1000;
  nodes[1].failed(LIMITED);
  await settled();
  const [second = 0, ...rest] = heldSeconds();
  expect(second).toBeGreaterThan(first);
  expect(rest).toEqual([second, second]);
});

test('what one node has not written down yet it does not forget for what it hears', async () => {
  const { nodes, holds, heldSeconds } = await setUp();
  holds.tell(); // The look at what there is, nothing, is on its way when this comes.
  nodes[0].failed(OUTDATED);
  expect(heldSeconds()[0]).toBe(300);
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
    expect(heldSeconds()[0]).toBe(300);
  }
  await settled();
  expect(heldSeconds()).toEqual([300, 300, 300]);
});
