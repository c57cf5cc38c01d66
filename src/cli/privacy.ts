import { type Command, Option } from 'commander';
import {
  GetPrivacySettingsResponse,
  OnFailure,
  PrivacyServiceService,
  UpdatePrivacySettingsResponse,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { assignmentHelp, parseAssignments } from './assignments.js';
import { clientCommand, type Run } from './command.js';
import { addDescribeCommand } from './describe.js';
import { parseDuration, toDuration } from './duration.js';
import { addHistoryCommand } from './history.js';
import { toJson } from './output.js';
import { encodeSettings } from './setting-values.js';
import { outcomesTable, settingsText } from './settings-text.js';

const ON_FAILURE = Object.keys(OnFailure)
  .filter(name => Number.isNaN(Number(name)) && name !== 'UNSPECIFIED')
  .map(name => name.toLowerCase());

type GetFlags = { readonly maxAge?: number };
type SetFlags = {
  readonly onFailure: string;
  readonly validateOnly?: true;
  readonly etag?: string;
  readonly requestId?: string;
};

/** Adds `privacy get|describe|set|history`. */
export function addPrivacyCommands(program: Command): void {
  const privacy = program.command('privacy').description('Read and change privacy settings');
  clientCommand<GetFlags>(privacy, 'get <name>', 'Read all settings of an instance', get).option(
    '--max-age <duration>',
    'be content with settings observed within this time (default: ask WhatsApp now)',
    parseDuration,
  );
  addDescribeCommand(privacy);
  clientCommand<SetFlags>(privacy, 'set <name> <setting=value...>', 'Change settings of an instance', set)
    .addOption(
      new Option('--on-failure <what>', 'what to do after a change failed')
        .choices(ON_FAILURE)
        .default('stop'),
    )
    .option('--validate-only', 'tell what would happen and change nothing')
    .option('--etag <etag>', 'refuse when the settings have another etag now')
    .option('--request-id <uuid>', 'makes the call idempotent: the same id gets the first answer again')
    .addHelpText(
      'after',
      () => `\nSettings, from the widest audience to the narrowest:\n${assignmentHelp()}`,
    );
  addHistoryCommand(privacy);
}

async function get({ api, output, args: [instance = ''], flags: { maxAge } }: Run<GetFlags>) {
  const request = { instance, maxAge: maxAge === undefined ? undefined : toDuration(maxAge) };
  const call = api.call(PrivacyServiceService.getPrivacySettings, request);
  const response = await output.progress('Reading', call);
  output.print(toJson(GetPrivacySettingsResponse, response), () =>
    response.settings ? settingsText(response.settings) : 'no settings',
  );
}

async function set({ api, output, args: [instance = '', ...assignments], flags }: Run<SetFlags>) {
  const request = {
    instance,
    ...encodeSettings(parseAssignments(assignments)),
    onFailure: OnFailure[flags.onFailure.toUpperCase() as keyof typeof OnFailure], // one of the choices
    validateOnly: flags.validateOnly ?? false,
    etag: flags.etag ?? '',
    requestId: flags.requestId ?? '',
  };
  const call = api.call(PrivacyServiceService.updatePrivacySettings, request);
  const response = await output.progress('Changing', call);
  output.print(toJson(UpdatePrivacySettingsResponse, response), () => outcomesTable(response.outcomes));
}
