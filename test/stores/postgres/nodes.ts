import { randomUUID } from 'node:crypto';
import type { SharedStore } from '../../../src/cluster/ports.js';
import type { Store } from '../../../src/stores/store.js';
import { administer, newDatabase, openPostgres } from './postgres-data.js';

const TTL_MS = 60_000;

/** A store as a node among several has it. */
export type Node = { readonly id: string; readonly store: Store; readonly shared: SharedStore };

/** A node that has joined, or will. */
export async function newNode(url: string, joins = true): Promise<Node> {
  const id = randomUUID();
  const store = await openPostgres(url, { node: { id, listenUrl: undefined } });
  if (!store.shared) throw new Error('nothing is shared');
  const self = { id, name: 'n', address: '127.0.0.1:1', version: '1', mostInstances: undefined };
  if (joins) await store.shared.leases.join(self, TTL_MS);
  return { id, store, shared: store.shared };
}

/** So many nodes on a database of their own. */
export async function newNodes<Count extends 2 | 3>(count: Count) {
  const url = await newDatabase();
  const nodes = await Promise.all(Array.from({ length: count }, () => newNode(url)));
  return { url, nodes: nodes as unknown as Count extends 2 ? [Node, Node] : [Node, Node, Node] };
}

/** Some time later, for the database: the time of this node is over. */
export const die = (url: string, { id }: Pick<Node, 'id'>) =>
  administer([`update node set expire_time = 0 where id = '${id}'`], url);
