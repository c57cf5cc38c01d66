import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from './draws.js';
import type { Scene } from './scene.js';

/** Does to the nodes and the database what was drawn, and what makes it good again; fulfils when all of it is. */
export async function perform(scene: Scene, faults: readonly Fault[]): Promise<void> {
  const under = new Map<Fault['on'], Promise<void>>();
  for (const fault of faults) {
    await wait(fault.afterMs);
    await under.get(fault.on);
    under.set(fault.on, befall(scene, fault));
  }
  await Promise.all(under.values());
}

async function befall({ nodes, database }: Scene, fault: Fault): Promise<void> {
  if (fault.on === 'database') {
    await (fault.what === 'crash' ? database.kill() : database.stop());
    await wait(fault.forMs);
    return database.start();
  }
  const node = nodes[fault.on];
  if (!node) throw new Error('a fault of a node that is not there');
  switch (fault.what) {
    case 'kill':
      await node.end('SIGKILL');
      return node.start();
    case 'stop': {
      const end = await node.end('SIGTERM');
      if (end !== 0)
        throw new Error(`${node.run()} did not stop as it should (${end}): ${node.log().slice(-2_000)}`);
      return node.start();
    }
    case 'cut':
      return node.way.cut();
    case 'freeze':
      return node.freeze(fault.forMs);
    case 'stall':
      node.way.stall();
      await wait(fault.forMs);
      return node.way.goOn();
  }
}
