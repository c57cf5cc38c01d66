import { type Command, Option } from 'commander';
import { OnFailure } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { namesOf } from '../../contract/enum-names.js';
import { assignmentHelp } from '../../input/assignments.js';
import { CLIENT_OPTIONS } from '../../input/client-options.js';
import { presetHelp, wantedValues } from '../../input/presets.js';
import { encodeSettings } from '../texts/setting-values.js';

/** The flags of commands that change settings. */
export type UpdateFlags = {
  readonly preset: readonly string[];
  readonly config?: string;
  readonly onFailure: string;
  readonly validateOnly?: true;
  readonly requestId?: string;
};

const ON_FAILURE = namesOf(OnFailure).map(name => name.toLowerCase());

/** Adds the options of a command that changes settings, and the help on settings and presets. */
export function addUpdateOptions(command: Command): Command {
  const { flag, variable, meaning } = CLIENT_OPTIONS.config;
  const collect = (name: string, names: string[]) => [...names, name];
  return command
    .option('--preset <name>', 'take the values of a preset; the same as preset=NAME', collect, [])
    .option(flag, `${meaning} (${variable})`)
    .addOption(
      new Option('--on-failure <what>', 'what to do after a change failed')
        .choices(ON_FAILURE)
        .default('stop'),
    )
    .option('--validate-only', 'tell what would happen and change nothing')
    .option('--request-id <uuid>', 'makes the call idempotent: the same id gets the first answer again')
    .addHelpText(
      'after',
      () =>
        `\nSettings, from the widest audience to the narrowest:\n${assignmentHelp()}\n\n` +
        `Presets; a value given by itself wins:\n${presetHelp()}`,
    );
}

/** What the requests of all updates have in common. */
export async function updateRequest(flags: UpdateFlags, assignments: readonly string[]) {
  const presets = flags.preset.map(name => `preset=${name}`);
  return {
    ...encodeSettings(await wantedValues([...presets, ...assignments], flags.config)),
    onFailure: OnFailure[flags.onFailure.toUpperCase() as keyof typeof OnFailure], // one of the choices
    validateOnly: flags.validateOnly ?? false,
    requestId: flags.requestId ?? '',
  };
}
