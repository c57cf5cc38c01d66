import {
  type DrainNodeRequest,
  type Lease as LeaseMessage,
  ListLeasesRequest,
  type Node,
  Node_State as State,
} from '../../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import type { Lease, NodeStatus } from '../../../cluster/ports.js';
import type { Caller } from '../../calls/handler.js';
import { accept } from '../../messages/checked.js';
import { encodeDuration } from '../../messages/codec.js';
import type { PageOf } from '../../messages/page-tokens.js';
import * as check from '../../messages/validate.js';

export const decodeListLeases = (pageOf: PageOf) => (request: ListLeasesRequest, caller: Caller) =>
  accept({ page: pageOf(ListLeasesRequest, request, caller) });

export const decodeDrain = ({ nodeId, undo }: DrainNodeRequest) => ({
  ...accept({ id: check.notEmpty('node_id', nodeId) }),
  isDraining: !undo,
});

/** A node, as the one called `self` tells of it. */
export const encodeNode = (node: NodeStatus, self: string): Node => ({
  id: node.id,
  name: node.name,
  address: node.address,
  version: node.version,
  startTime: node.startTime,
  state: node.isDraining ? State.DRAINING : State.ACTIVE,
  instances: node.instances,
  mostInstances: node.mostInstances ?? 0,
  leaseLeft: node.leftMs === undefined ? undefined : encodeDuration(Math.max(node.leftMs, 0)),
  answering: node.id === self,
});

export const encodeLease = ({ instance, node, epoch }: Lease): LeaseMessage => ({
  instance,
  nodeId: node ?? '',
  epoch: BigInt(epoch),
});
