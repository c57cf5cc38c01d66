import type { Instances } from '../../../src/instances/instances.js';
import { openNodes, type TestNode } from './two-nodes.js';

/**
 * Three nodes that know the same instances, of which each runs some.
 *
 * @param runs The names that each runs; those that none does are given to nobody.
 */
export async function sharedOut(
  runs: readonly [readonly string[], readonly string[], readonly string[]],
  unheld: readonly string[] = [],
) {
  const opened = await openNodes(3);
  const { nodes, give } = opened;
  for (const node of nodes) {
    for (const name of [...runs.flat(), ...unheld].sort())
      await node.instances.create({ name, displayName: '' }, {});
    await node.instances.delete('desk', undefined, { deadline: 0, signal: new AbortController().signal });
    runOnlyOwn(node);
  }
  runs.forEach((names, index) => {
    for (const name of names) give(name, (nodes[index] as TestNode).node);
  });
  return { ...opened, one: nodes[0], two: nodes[1], three: nodes[2] as TestNode };
}

/** The instances in memory run all that there are: this lets them run what is given to their node. */
function runOnlyOwn({ instances, routing }: TestNode): void {
  const { list, watch } = { ...instances };
  const isHere = (name: string) => routing.holderOf(name).kind === 'here';
  const own: Partial<Instances> = {
    list({ after, limit, state }, selection) {
      const all = list({ after, limit: Number.POSITIVE_INFINITY, state }, selection);
      const here = all.instances.filter(({ name }) => isHere(name));
      return { instances: here.slice(0, limit), more: here.length > limit };
    },
    async *watch(selection, heartbeatMs, signal, history) {
      for await (const event of watch(selection, heartbeatMs, signal, history))
        if (!('instance' in event) || isHere(event.instance)) yield event;
    },
  };
  Object.assign(instances, own);
}
