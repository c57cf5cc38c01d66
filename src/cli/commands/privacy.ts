import type { Command } from 'commander';
import {
  GetPrivacySettingsResponse,
  PrivacyServiceService,
  UpdatePrivacySettingsResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { addUpdateOptions, type UpdateFlags, updateRequest } from '../client/update-options.js';
import { parseDuration, toDuration } from '../terminal/duration.js';
import { toJson } from '../terminal/output.js';
import { outcomesTable, settingsText } from '../texts/settings-text.js';
import { addApplyCommand } from './apply.js';
import { addApplyResultCommand } from './apply-result.js';
import { addBlacklistCommand } from './blacklist.js';
import { addDescribeCommand } from './describe.js';
import { addHistoryCommand } from './history.js';
import { addListCommand } from './list-settings.js';
import { addWatchCommand } from './watch.js';

type GetFlags = { readonly maxAge?: number };
type SetFlags = UpdateFlags & { readonly etag?: string };

/** Adds `privacy get|describe|list|set|apply|apply-result|watch|history|blacklist`. */
export function addPrivacyCommands(program: Command): void {
  const privacy = program.command('privacy').description('Read and change privacy settings');
  clientCommand<GetFlags>(privacy, 'get <name>', 'Read all settings of an instance', get).option(
    '--max-age <duration>',
    'be content with settings observed within this time (default: ask WhatsApp now)',
    parseDuration,
  );
  addDescribeCommand(privacy);
  addListCommand(privacy);
  const set = clientCommand<SetFlags>(
    privacy,
    'set <name> [setting=value...]',
    'Change settings of an instance',
    change,
  );
  addUpdateOptions(set).option('--etag <etag>', 'refuse when the settings have another etag now');
  addApplyCommand(privacy);
  addApplyResultCommand(privacy);
  addWatchCommand(privacy);
  addHistoryCommand(privacy);
  addBlacklistCommand(privacy);
}

async function get({ api, output, args: [instance = ''], flags: { maxAge } }: Run<GetFlags>) {
  const request = { instance, maxAge: maxAge === undefined ? undefined : toDuration(maxAge) };
  const call = api.call(PrivacyServiceService.getPrivacySettings, request);
  const response = await output.progress('Reading', call);
  output.print(toJson(GetPrivacySettingsResponse, response), () =>
    response.settings ? settingsText(response.settings) : 'no settings',
  );
}

async function change({ api, output, args: [instance = '', ...assignments], flags }: Run<SetFlags>) {
  const request = {
    instance,
    ...(await updateRequest(flags, assignments)),
    etag: flags.etag ?? '',
  };
  const call = api.call(PrivacyServiceService.updatePrivacySettings, request);
  const response = await output.progress('Changing', call);
  output.print(toJson(UpdatePrivacySettingsResponse, response), () => outcomesTable(response.outcomes));
}
