import type { ServiceError } from '@grpc/grpc-js';
import type { Command } from 'commander';
import { SettingOutcome_State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  Instance_State,
  InstanceServiceService,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  type ApplyPrivacySettingsResponse as End,
  PrivacyServiceService,
  UpdatePrivacySettingsResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { detailsOf } from '../../client/details.js';
import { LARGEST_PAGE, MOST_INSTANCES } from '../../contract/sizes.js';
import { UsageError } from '../../input/usage-error.js';
import { type Api, isServiceError } from '../client/client.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { SELECTOR_FLAG, SELECTOR_MEANING } from '../client/label-flags.js';
import { addUpdateOptions, type UpdateFlags, updateRequest } from '../client/update-options.js';
import { table, toJson } from '../terminal/output.js';
import { innerErrorJson, innerErrorText } from '../texts/errors.js';
import { settingName } from '../texts/setting-values.js';
import { changeText } from '../texts/settings-text.js';

type Flags = UpdateFlags & {
  readonly all?: true;
  readonly instances?: readonly string[];
  readonly selector?: string;
  readonly detach?: true;
};

/** Adds `privacy apply`. */
export function addApplyCommand(privacy: Command): void {
  const command = clientCommand<Flags>(
    privacy,
    'apply [setting=value...]',
    'Make the same changes on many instances',
    apply,
  )
    .option('--all', 'on all instances that the token covers')
    .option('--instances <names>', 'on these, with commas between them', names => names.split(','))
    .option(SELECTOR_FLAG, `on ${SELECTOR_MEANING}`)
    .option('--detach', 'go on when this command ends early; needs --request-id, see apply-result');
  addUpdateOptions(command);
}

async function apply({ api, output, args, flags }: Run<Flags>) {
  const request = { ...(await updateRequest(flags, args)), detached: flags.detach ?? false };
  if (request.detached && request.requestId === '')
    throw new UsageError(['--detach: say by which --request-id the results are to be found']);
  const instances = await namesOf(api, flags);
  if (flags.requestId !== undefined && instances.length > MOST_INSTANCES)
    throw new UsageError([`--request-id: one call takes at most ${MOST_INSTANCES} instances`]);

  const failed: [instance: string, why: string][] = [];
  const planned: [instance: string, changes: string][] = [];
  let succeeded = 0;
  const unfinished = await output.count('Changing', instances.length, async advance => {
    let last: ServiceError | undefined;
    for (let from = 0; from < instances.length; from += MOST_INSTANCES) {
      const some = {
        ...request,
        instances: instances.slice(from, from + MOST_INSTANCES),
        labelSelector: '',
      };
      try {
        for await (const end of api.stream(PrivacyServiceService.applyPrivacySettings, some)) {
          if (output.json) output.print(endJson(end), () => '');
          if (end.result?.$case === 'error') failed.push([end.instance, innerErrorText(end.result.value)]);
          else succeeded++;
          if (request.validateOnly && end.result?.$case === 'success')
            planned.push([end.instance, wouldChange(end.result.value)]);
          advance();
        }
      } catch (error) {
        if (!isServiceError(error) || !isAboutInstances(error)) throw error;
        last = error;
      }
    }
    return last;
  });
  if (!output.json) {
    if (planned.length > 0) output.print(undefined, () => table(['instance', 'what would change'], planned));
    if (failed.length > 0) output.print(undefined, () => table(['instance', 'why it failed'], failed));
    output.print(undefined, () => `${succeeded} of ${instances.length} instances ended as asked`);
  }
  if (unfinished) throw unfinished;
}

/** What a change of one instance would come to. */
const wouldChange = ({ outcomes }: UpdatePrivacySettingsResponse): string =>
  outcomes
    .filter(({ state }) => state === SettingOutcome_State.WOULD_CHANGE)
    .map(outcome => `${settingName(outcome.setting)} ${changeText(outcome)}`)
    .join(', ') || 'nothing';

/** Whether the instances were tried, and the others may go on. */
const isAboutInstances = (error: ServiceError): boolean =>
  detailsOf(error)['whatsapp.privacy.v1.PrivacyApplyFailure'] !== undefined;

export const endJson = ({ result, ...end }: End): object => ({
  ...end,
  ...(result?.$case === 'success' && { success: toJson(UpdatePrivacySettingsResponse, result.value) }),
  ...(result?.$case === 'error' && { error: innerErrorJson(result.value) }),
});

async function namesOf(api: Api, { all, instances, selector }: Flags): Promise<readonly string[]> {
  if ([all, instances, selector].filter(flag => flag !== undefined).length !== 1)
    throw new UsageError(['say on which instances: --all, --instances a,b or --selector env=prod']);
  if (instances) return instances;
  if (selector === '') throw new UsageError(['--selector is empty; --all goes on all instances']);
  const names: string[] = [];
  let pageToken = '';
  do {
    const state = Instance_State.UNSPECIFIED;
    const page = { pageSize: LARGEST_PAGE, pageToken, state, labelSelector: selector ?? '' };
    const response = await api.call(InstanceServiceService.listInstances, page);
    names.push(...response.instances.map(({ name }) => name));
    pageToken = response.nextPageToken;
  } while (pageToken !== '');
  if (names.length === 0)
    throw new UsageError([all ? '--all: there is no instance' : '--selector: no instance matches']);
  return names;
}
