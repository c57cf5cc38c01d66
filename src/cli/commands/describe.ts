import type { Command } from 'commander';
import {
  DescribePrivacySettingsResponse,
  PrivacyServiceService,
  SettingDescription_NotWritableReason as Reason,
  type SettingDescription,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { table, toJson } from '../terminal/output.js';
import { settingName } from '../texts/setting-values.js';

/** Adds `privacy describe`. */
export function addDescribeCommand(privacy: Command): void {
  clientCommand(privacy, 'describe <name>', 'Show which settings an instance has and can change', show);
}

async function show({ api, output, args: [instance = ''] }: Run<object>) {
  const call = api.call(PrivacyServiceService.describePrivacySettings, { instance });
  const response = await output.progress('Reading', call);
  output.print(toJson(DescribePrivacySettingsResponse, response), () =>
    table(
      ['setting', 'reported', 'can be changed', 'values'],
      response.descriptions.map(description => [
        settingName(description.setting),
        description.reported ? 'yes' : 'no',
        description.writable ? 'yes' : `no: ${reasonOf(description)}`,
        description.allowedValues.join(', '),
      ]),
    ),
  );
}

const IN_WORDS: Readonly<Record<Reason, string>> = {
  [Reason.UNSPECIFIED]: 'the service does not say why',
  [Reason.LOCKED_BY_DEFENSE]: 'locked by Strict Account Settings, which are ended on the phone',
  [Reason.READ_ONLY]: 'never changed by this service',
  [Reason.NOT_REPORTED]: 'not reported by the account',
};

const reasonOf = ({ notWritableReason: reason }: SettingDescription): string =>
  IN_WORDS[reason] ?? `number ${reason}`;
