import { type Command, InvalidArgumentError } from 'commander';
import { SettingOutcome_State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  Origin,
  PrivacyChange,
  PrivacyServiceService,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LARGEST_PAGE } from '../../contract/sizes.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { table, toJson } from '../terminal/output.js';
import { settingName } from '../texts/setting-values.js';
import { changeText } from '../texts/settings-text.js';

type Flags = { readonly limit: number };

/** Adds `privacy history`. */
export function addHistoryCommand(privacy: Command): void {
  clientCommand<Flags>(
    privacy,
    'history <name>',
    'Show the changes made and tried, by this service and by other devices, newest first',
    show,
  ).option('--limit <count>', 'show at most so many', parseCount, 50);
}

async function show({ api, output, args: [instance = ''], flags: { limit } }: Run<Flags>) {
  const changes: PrivacyChange[] = [];
  let pageToken = '';
  do {
    const page = { instance, pageSize: Math.min(limit - changes.length, LARGEST_PAGE), pageToken };
    const response = await output.progress(
      'Reading',
      api.call(PrivacyServiceService.listPrivacyChanges, page),
    );
    changes.push(...response.changes);
    pageToken = response.nextPageToken;
  } while (pageToken !== '' && changes.length < limit);
  output.print({ changes: changes.map(change => toJson(PrivacyChange, change)) }, () =>
    table(
      ['time', 'setting', 'change', 'outcome', 'by'],
      changes.map(change => [
        change.changeTime?.toISOString() ?? '',
        settingName(change.setting),
        changeText({
          state: change.outcome,
          previousValue: change.oldValue,
          requestedValue: change.newValue,
        }),
        outcomeOf(change),
        authorOf(change),
      ]),
    ),
  );
}

const outcomeOf = ({ outcome, whatsappCode, resolvedOutcome }: PrivacyChange): string =>
  [
    stateName(outcome),
    whatsappCode ? `(${whatsappCode})` : '',
    resolvedOutcome === SettingOutcome_State.UNSPECIFIED ? '' : `→ ${stateName(resolvedOutcome)}`,
  ]
    .filter(Boolean)
    .join(' ');

const stateName = (state: SettingOutcome_State): string => SettingOutcome_State[state] ?? `number ${state}`;

function authorOf({ origin, actor }: PrivacyChange): string {
  if (actor) return `token ${actor.tokenId}${actor.tokenDisplayName && ` (${actor.tokenDisplayName})`}`;
  return origin === Origin.OTHER_DEVICE ? 'another device' : 'not known';
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new InvalidArgumentError('Must be a whole number from 1 to 999999.');
  return Number(text);
}
