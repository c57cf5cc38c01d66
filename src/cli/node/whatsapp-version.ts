import type { Command } from 'commander';
import {
  GetWhatsAppVersionResponse,
  NodeServiceService,
  GetWhatsAppVersionResponse_Source as Source,
} from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { fields, toJson } from '../terminal/output.js';

/** Adds `whatsapp-version`. It asks the service, which alone can look into its store while it runs. */
export function addVersionCommand(program: Command): void {
  clientCommand(
    program,
    'whatsapp-version',
    'Show which version of WhatsApp Web the service announces to WhatsApp, and how old that is',
    show,
  );
}

async function show({ api, output }: Run<object>) {
  const response = await output.progress('Reading', api.call(NodeServiceService.getWhatsAppVersion, {}));
  output.print(toJson(GetWhatsAppVersionResponse, response), () => versionText(response));
}

const IN_WORDS: Readonly<Record<Source, string>> = {
  [Source.UNSPECIFIED]: 'the service does not say',
  [Source.BUILT_IN]: 'built into this release',
  [Source.CONFIGURED]: 'configured',
  [Source.FETCHED]: 'fetched from WhatsApp',
};

const versionText = (response: GetWhatsAppVersionResponse): string => {
  const { version, source, releaseTime, ageDays, expireTime, fetchedVersion, fetchTime, refused } = response;
  const day = (time: Date | undefined) => time?.toISOString().slice(0, 10);
  return fields([
    ['announced', version],
    ['source', IN_WORDS[source] ?? `number ${source}`],
    ['age', `${ageDays} days, since ${day(releaseTime) ?? 'an unknown day'}`],
    ['expires', expireTime?.toISOString() ?? 'WhatsApp has announced no end'],
    ['newest fetched', fetchedVersion ? `${fetchedVersion} on ${day(fetchTime) ?? ''}` : 'none'],
    ['refused', refused ? 'yes: WhatsApp takes no connection of this service' : 'no'],
  ]);
};
