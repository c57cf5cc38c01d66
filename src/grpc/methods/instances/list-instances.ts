import {
  Instance_State,
  Instance as InstanceMessage,
  ListInstancesResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { clock } from '../../../domain/time/clock.js';
import type { Instances } from '../../../instances/instances.js';
import { askedPart } from '../../calls/call-context.js';
import type { Call } from '../../calls/handler.js';
import { encodeInstance } from '../../messages/codec.js';
import { coveredPage } from '../../messages/pagination.js';
import { selectionOf } from '../../messages/selection.js';
import { type Fleet, PART_MS, partOf } from '../fleet/fleet.js';
import { mergedPage, type PagePart } from '../fleet/merged-page.js';
import type { decodeList } from './instance-requests.js';

type ListOrder = ReturnType<ReturnType<typeof decodeList>>;

/**
 * Tells of a page of instances. Of one that no node runs, or whose node does not answer, it tells what is stored: the state
 * in which the next node will find it.
 */
export const listInstances =
  (instances: Instances, fleet: Fleet | undefined) =>
  (order: ListOrder, call: Call): ListInstancesResponse | Promise<ListInstancesResponse> => {
    if (askedPart(call.context)) return encodePart(ownPart(instances, order, call));
    if (fleet) return mergedList(instances, fleet, order, call);
    const page = coveredPage(instances, call.principal, order);
    return { ...page, instances: page.instances.map(encodeInstance) };
  };

async function mergedList(
  instances: Instances,
  fleet: Fleet,
  order: ListOrder,
  call: Call,
): Promise<ListInstancesResponse> {
  const { page, state, selector, content } = order;
  const { after = '', limit } = page;
  const deadline = Math.min(call.options.deadline, clock() + PART_MS);
  const bytes = content();
  const answers = fleet.routing
    .others()
    .map(node => partOf(fleet, node, call, bytes, ListInstancesResponse, { deadline }));
  const own = ownPart(instances, order, call);
  const others = (await Promise.all(answers)).flatMap(answer =>
    answer.kind === 'answered' ? [decodePart(answer.response)] : [],
  );
  const names = instances
    .select(selectionOf(call.principal, selector))
    .filter(name => name > after)
    .sort();
  const { entries, last, more } = mergedPage([own, ...others], names, limit, name => {
    const stored = instances.stored(name);
    return stored && (!state || stored.state === state) ? encodeInstance(stored) : undefined;
  });
  return { instances: entries, nextPageToken: page.tokenAfter(more ? last : undefined) };
}

/**
 * What this node has for a page. Those that are in another state than that asked for are named too: who puts the parts
 * together knows by them which instances are in none.
 */
function ownPart(
  instances: Instances,
  { page, state, selector }: ListOrder,
  { principal }: Call,
): PagePart<InstanceMessage> {
  const { after = '', limit } = page;
  const all = instances.list(
    { after, limit: Number.POSITIVE_INFINITY, state: undefined },
    selectionOf(principal, selector),
  ).instances;
  const told: { name: string; entry: InstanceMessage | undefined }[] = [];
  let found = 0;
  for (const instance of all) {
    const isAsked = !state || instance.state === state;
    if (isAsked && ++found > limit) return { told, more: true };
    told.push({ name: instance.name, entry: isAsked ? encodeInstance(instance) : undefined });
  }
  return { told, more: false };
}

/** On its way between nodes, where nobody reads the token: one without a state is only named. */
const encodePart = ({ told, more }: PagePart<InstanceMessage>): ListInstancesResponse => ({
  instances: told.map(({ name, entry }) => entry ?? InstanceMessage.fromPartial({ name })),
  nextPageToken: more ? 'more' : '',
});

const decodePart = ({ instances, nextPageToken }: ListInstancesResponse): PagePart<InstanceMessage> => ({
  told: instances.map(instance => ({
    name: instance.name,
    entry: instance.state === Instance_State.UNSPECIFIED ? undefined : instance,
  })),
  more: nextPageToken !== '',
});
