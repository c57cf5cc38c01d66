import type { Command } from 'commander';
import type { Duration } from '../../../gen/ts/google/protobuf/duration.js';
import {
  GetServerInfoResponse_Feature as Feature,
  GetServerInfoResponse,
  NodeServiceService,
} from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { fields, toJson } from '../terminal/output.js';

/** Adds `server-info`. */
export function addServerInfoCommand(program: Command): void {
  clientCommand(
    program,
    'server-info',
    'Show the version of the server, what it can do and which limits its callers meet',
    show,
  );
}

async function show({ api, output }: Run<object>) {
  const response = await output.progress('Reading', api.call(NodeServiceService.getServerInfo, {}));
  output.print(toJson(GetServerInfoResponse, response), () => infoText(response));
}

const infoText = (response: GetServerInfoResponse): string => {
  const { version, whatsappVersion, features, limits, nodeName, nodeCount } = response;
  return fields([
    ['version', version],
    ['announced', whatsappVersion],
    ['node', nodeName && `${nodeName}, one of ${nodeCount}`],
    ['can', features.map(featureName).join(', ') || 'nothing beyond the contract'],
    ['calls a minute', String(limits?.callsPerMinute ?? 0)],
    ['open streams', String(limits?.openStreams ?? 0)],
    ['request', `${limits?.requestBytes ?? 0} bytes`],
    ['usual deadline', seconds(limits?.usualDeadline)],
    ['longest deadline', seconds(limits?.longestDeadline)],
    ['a watch lasts', seconds(limits?.watchDuration)],
    ['history', limits?.historyRetention ? seconds(limits.historyRetention) : 'as long as the instance'],
  ]);
};

const featureName = (feature: Feature): string => Feature[feature]?.toLowerCase() ?? `number ${feature}`;

const seconds = (span: Duration | undefined): string => `${span?.seconds ?? 0n} s`;
