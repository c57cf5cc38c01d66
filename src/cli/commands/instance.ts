import { type Command, Option } from 'commander';
import {
  CreateInstanceResponse,
  GetInstanceResponse,
  Instance,
  Instance_ConnectionMode,
  Instance_Presence,
  Instance_State,
  InstanceServiceService,
  UpdateInstanceResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Labels } from '../../domain/labels/labels.js';
import { UsageError } from '../../input/usage-error.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { LABELS_FLAG, parseLabels, SELECTOR_FLAG, SELECTOR_MEANING } from '../client/label-flags.js';
import { PROXY_FLAG, PROXY_MEANING, proxyOf } from '../client/proxy-flag.js';
import { fields, type Output, table, toJson } from '../terminal/output.js';
import { instanceText, stateName } from '../texts/instance-text.js';
import { labelsText } from '../texts/labels-text.js';
import { addImportCommand } from './import-instance.js';

type Properties = {
  readonly displayName?: string;
  readonly connectionMode?: keyof typeof MODES;
  readonly proxy?: string;
  readonly presence?: keyof typeof PRESENCES;
  readonly labels?: Labels;
};

type Guarded = { readonly etag?: string };

type Changes = Properties & Guarded & { readonly removeLabels?: readonly string[] };

/** Adds `instance create|import|list|get|update|delete`. */
export function addInstanceCommands(program: Command): void {
  const instance = program.command('instance').description('Make, show and delete instances');
  const takesProperties = (command: Command) =>
    command
      .option('--display-name <text>', 'name for people')
      .addOption(connectionModeOption())
      .addOption(presenceOption())
      .option(PROXY_FLAG, PROXY_MEANING);
  takesProperties(clientCommand<Properties>(instance, 'create [name]', 'Make an instance', create)).option(
    LABELS_FLAG,
    'what it is, such as env=prod,site=berlin',
    parseLabels,
  );
  addImportCommand(instance);
  clientCommand<{ selector?: string }>(instance, 'list', 'List the instances', list).option(
    SELECTOR_FLAG,
    `only ${SELECTOR_MEANING}`,
  );
  clientCommand(instance, 'get <name>', 'Show an instance', get);
  takesProperties(clientCommand<Changes>(instance, 'update <name>', 'Change an instance', update))
    .option(LABELS_FLAG, 'labels to add or to give another value, such as env=prod', parseLabels)
    .option('--remove-labels <keys>', 'labels to remove, with commas between them', keys => keys.split(','))
    .option(...ETAG);
  clientCommand<{ yes?: true } & Guarded>(
    instance,
    'delete <name>',
    'Unlink and forget an instance, with its tokens and its history',
    remove,
  )
    .option('--yes', 'do not ask')
    .option(...ETAG);
}

const ETAG = ['--etag <etag>', 'refuse when the instance has another etag now'] as const;

const MODES = {
  always: Instance_ConnectionMode.ALWAYS,
  on_demand: Instance_ConnectionMode.ON_DEMAND,
  default: Instance_ConnectionMode.UNSPECIFIED,
} as const;

const connectionModeOption = () =>
  new Option(
    '--connection-mode <mode>',
    'connected always or on_demand, or by default as the service is configured',
  ).choices(Object.keys(MODES));

const PRESENCES = {
  none: Instance_Presence.NONE,
  unavailable: Instance_Presence.UNAVAILABLE,
  pulse: Instance_Presence.PULSE,
  default: Instance_Presence.UNSPECIFIED,
} as const;

const presenceOption = () =>
  new Option(
    '--presence <presence>',
    'say nothing of being available, that it is not after each login, or that it is for five seconds every few ' +
      'days, which contacts may see; by default as the service is configured',
  ).choices(Object.keys(PRESENCES));

async function create({ api, output, args: [name = ''], flags }: Run<Properties>) {
  const { displayName = '', connectionMode = 'default', presence = 'default' } = flags;
  const request = {
    name,
    displayName,
    connectionMode: MODES[connectionMode],
    presence: PRESENCES[presence],
    requestId: '',
    proxy: (await proxyOf(flags.proxy)) ?? '',
    labels: flags.labels ?? {},
  };
  const response = await output.progress(
    'Creating',
    api.call(InstanceServiceService.createInstance, request),
  );
  output.print(toJson(CreateInstanceResponse, response), () =>
    [
      instanceText(response.instance),
      fields([['token', response.secret]]),
      'The token is shown only here.',
    ].join('\n'),
  );
}

async function list({ api, output, flags: { selector = '' } }: Run<{ selector?: string }>) {
  const instances: Instance[] = [];
  let pageToken = '';
  do {
    const page = { pageSize: 0, pageToken, state: Instance_State.UNSPECIFIED, labelSelector: selector };
    const response = await output.progress('Listing', api.call(InstanceServiceService.listInstances, page));
    instances.push(...response.instances);
    pageToken = response.nextPageToken;
  } while (pageToken !== '');
  output.print({ instances: instances.map(instance => toJson(Instance, instance)) }, () =>
    table(
      ['name', 'state', 'phone number', 'last connected', 'labels', 'reason'],
      instances.map(({ name, state, maskedPhoneNumber, lastConnectTime, labels, stateReason }) => [
        name,
        stateName(state),
        maskedPhoneNumber,
        lastConnectTime?.toISOString() ?? '',
        labelsText(labels),
        stateReason,
      ]),
    ),
  );
}

async function get({ api, output, args: [name = ''] }: Run<object>) {
  const response = await output.progress(
    'Reading',
    api.call(InstanceServiceService.getInstance, { instance: name }),
  );
  output.print(toJson(GetInstanceResponse, response), () => instanceText(response.instance));
}

async function update({ api, output, args: [name = ''], flags }: Run<Changes>) {
  const { displayName, labels, removeLabels, etag = '', ...flagged } = flags;
  const connectionMode = flagged.connectionMode && MODES[flagged.connectionMode];
  const presence = flagged.presence && PRESENCES[flagged.presence];
  const proxy = await proxyOf(flagged.proxy);
  const changed = { displayName, connectionMode, presence, proxy };
  if ([...Object.values(changed), labels, removeLabels].every(value => value === undefined))
    throw new UsageError([
      'name what to change: --display-name, --connection-mode, --presence, --proxy, --labels or --remove-labels',
    ]);
  const call = api.call(InstanceServiceService.updateInstance, {
    instance: name,
    ...changed,
    etag,
    labelsToSet: labels ?? {},
    labelsToRemove: [...(removeLabels ?? [])],
  });
  const response = await output.progress('Updating', call);
  output.print(toJson(UpdateInstanceResponse, response), () => instanceText(response.instance));
}

async function remove({ api, output, args: [name = ''], flags }: Run<{ yes?: true } & Guarded>) {
  if (!flags.yes && !(await confirmed(output, `Delete ${name}? Its link, tokens and history are lost.`)))
    return;
  await output.progress(
    'Deleting',
    api.call(InstanceServiceService.deleteInstance, {
      instance: name,
      etag: flags.etag ?? '',
      allowMissing: false,
      requestId: '',
    }),
  );
  output.print({}, () => `deleted ${name}`);
}

async function confirmed(output: Output, message: string): Promise<boolean> {
  if (!output.terminal || !process.stdin.isTTY) throw new UsageError(['without a terminal this needs --yes']);
  const { confirm } = await import('@clack/prompts');
  return (await confirm({ message, initialValue: false, output: process.stderr })) === true;
}
