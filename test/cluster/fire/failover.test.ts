import { expect, test, vi } from 'vitest';
import { openScene } from './support/scene.js';

const ACCOUNTS = 200;
/** Where nothing else has the machine it is far less; the times themselves are told. */
const PATIENCE = { timeout: 240_000, interval: 50 };

test(`${ACCOUNTS} accounts come back elsewhere when their node is killed, and when it is stopped`, async () => {
  await using scene = await openScene(ACCOUNTS);
  const [first, second, third] = scene.nodes as [Node, Node, Node];
  /** Until all accounts are connected, each by one of these nodes. */
  const connectedBy = (...nodes: Node[]) =>
    vi.waitUntil(() => scene.areConnectedBy(nodes.map(node => node.run())), PATIENCE);
  const timed = async (what: string, work: () => Promise<unknown>) => {
    const started = performance.now();
    await work();
    console.log(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  };

  await first.start();
  await timed('all on one node', () => connectedBy(first));
  await Promise.all([second.start(), third.start()]);
  await timed('after kill -9', async () => {
    const ended = first.end('SIGKILL');
    await connectedBy(second, third);
    await ended;
  });

  await timed('after SIGTERM, a share', async () => {
    const ended = third.end('SIGTERM');
    await connectedBy(second);
    expect(await ended).toBe(0);
  });
  await Promise.all([first.start(), third.start()]);
  await timed('after SIGTERM, all but what was shared out meanwhile', async () => {
    const ended = second.end('SIGTERM');
    await connectedBy(first, third);
    expect(await ended).toBe(0);
  });

  expect(scene.overlaps().filter(({ isExcused }) => !isExcused)).toEqual([]);
  expect(scene.wordsAfterwards()).toEqual([]);
  expect(await scene.staleWrites()).toEqual([]);
});

type Node = Awaited<ReturnType<typeof openScene>>['nodes'][number];
