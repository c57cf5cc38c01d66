import { ErrorInfo } from '../../../../gen/ts/google/rpc/error_details.js';
import type { Status } from '../../../../gen/ts/google/rpc/status.js';
import {
  type ListPrivacySettingsResponse_Entry as Entry,
  GetPrivacySettingsRequest,
  GetPrivacySettingsResponse,
  ListPrivacySettingsRequest,
  ListPrivacySettingsResponse,
  PrivacyServiceService,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { NodeAddress } from '../../../cluster/ports.js';
import { instanceMoved } from '../../../domain/errors.js';
import type { Selector } from '../../../domain/labels/selector.js';
import type { Instances } from '../../../instances/instances.js';
import type { Call } from '../../calls/handler.js';
import { FirstAnswer, type InnerStatus } from '../../errors/statuses.js';
import { encodeSnapshot } from '../../messages/codec.js';
import type { Page } from '../../messages/page-tokens.js';
import { selectionOf } from '../../messages/selection.js';
import { answerOfOne, type Fleet, partOf } from './fleet.js';

/** Reads these of the instances that run here, each to an entry. */
export type ReadEntries = (names: readonly string[]) => Promise<Entry[]>;

type ListOrder = {
  readonly page: Page;
  readonly selector: Selector;
  readonly maxAgeMs: number | undefined;
  readonly request: ListPrivacySettingsRequest;
};

/** What was made a moment ago has a node, of which is heard soon; what has lost its node is not waited for. */
const SETTLING_MS = 1_000;

const { path: GET } = PrivacyServiceService.getPrivacySettings;
const CODECS = { request: GetPrivacySettingsRequest, response: GetPrivacySettingsResponse };

/**
 * A page of instances, each read by the node that runs it. What moved meanwhile is asked of its new node; where there is
 * none yet, or a node does not answer, the entry says so.
 */
export async function mergedSettings(
  instances: Instances,
  fleet: Fleet,
  { read, statusOf }: { readonly read: ReadEntries; readonly statusOf: InnerStatus },
  { page, selector, maxAgeMs, request }: ListOrder,
  call: Call,
): Promise<ListPrivacySettingsResponse> {
  const { after = '', limit } = page;
  const { holderOf } = fleet.routing;
  const covered = instances.select(selectionOf(call.principal, selector)).filter(name => name > after);
  const names = covered.sort().slice(0, limit);
  const through = covered.length > limit ? names.at(-1) : undefined;

  const entries = new Map<string, Entry>();
  function add(found: readonly Entry[]) {
    for (const entry of found)
      if (entries.get(entry.instance)?.result?.$case !== 'settings') entries.set(entry.instance, entry);
  }
  /** The nodes that did not answer, with their status where they had one. */
  const mute = new Map<string, Status | undefined>();
  const bytes = ListPrivacySettingsRequest.encode(request).finish();
  async function ask(node: NodeAddress) {
    const answer = await partOf(fleet, node, call, bytes, ListPrivacySettingsResponse, { through });
    if (answer.kind === 'answered') add(answer.response.entries);
    else mute.set(node.id, answer.kind === 'failed' ? answer.status : undefined);
  }
  const soon = AbortSignal.any([call.options.signal, AbortSignal.timeout(SETTLING_MS)]);
  const unsettled = names.filter(name => holderOf(name).kind === 'nobody');
  await Promise.all(unsettled.map(name => fleet.routing.settledHolderOf(name, soon)));
  const here: string[] = [];
  const nodes = new Map<string, NodeAddress>();
  for (const name of names) {
    const holder = holderOf(name);
    if (holder.kind === 'here') here.push(name);
    if (holder.kind === 'elsewhere') nodes.set(holder.node.id, holder.node);
  }
  await Promise.all([read(here).then(add), ...[...nodes.values()].map(ask)]);

  /** Reads one that no node told of: it has another by now, or none that answers. */
  async function readMoved(instance: string): Promise<Entry> {
    try {
      const holder = holderOf(instance);
      const status = holder.kind === 'elsewhere' && mute.get(holder.node.id);
      if (status) throw new FirstAnswer(status);
      if (holder.kind === 'nobody' || (holder.kind === 'elsewhere' && mute.has(holder.node.id)))
        throw instanceMoved(instance);
      const { settings } = await answerOfOne(fleet, call, {
        path: GET,
        instance,
        request: { instance, maxAge: request.maxAge },
        codecs: CODECS,
        options: call.options,
        here: async () => ({
          settings: encodeSnapshot(await instances.readSettings(instance, maxAgeMs, call.options)),
        }),
        afterLoss: 'repeat',
      });
      return { instance, result: settings && { $case: 'settings', value: settings } };
    } catch (error) {
      return { instance, result: { $case: 'error', value: statusOf(error, call) } };
    }
  }
  const untold = names.filter(name => hasMoved(entries.get(name)));
  add(await Promise.all(untold.map(readMoved)));
  const told = [...entries.values()].sort((a, b) => (a.instance < b.instance ? -1 : 1));
  const more = covered.length > limit || told.length > limit;
  const shown = told.slice(0, limit);
  return {
    entries: shown,
    nextPageToken: page.tokenAfter(more ? shown.at(-1)?.instance : undefined),
  };
}

/** Whether another node has to be asked for it. */
const hasMoved = (entry: Entry | undefined): boolean =>
  !entry || (entry.result?.$case === 'error' && reasonOf(entry.result.value) === 'INSTANCE_MOVED');

function reasonOf({ details }: Status): string | undefined {
  const info = details.find(({ typeUrl }) => typeUrl.endsWith('/google.rpc.ErrorInfo'));
  return info && ErrorInfo.decode(info.value).reason;
}
