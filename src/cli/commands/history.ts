import { type Command, InvalidArgumentError } from 'commander';
import {
  ListPrivacyChangesRequest,
  Origin,
  PrivacyChange,
  PrivacyChange_Kind,
  PrivacyServiceService,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { namesOf } from '../../contract/enum-names.js';
import { encodeSetting } from '../../contract/setting-enums.js';
import { LARGEST_PAGE } from '../../contract/sizes.js';
import { SETTING_NAMES } from '../../domain/settings/settings-table.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { parseMoment } from '../terminal/duration.js';
import { table, toJson } from '../terminal/output.js';
import { parseId } from '../terminal/parse-id.js';
import { authorText, outcomeText, subjectText, valuesText } from '../texts/history-text.js';

type Flags = {
  readonly limit: number;
  readonly since?: Date;
  readonly until?: Date;
  readonly setting?: readonly number[];
  readonly origin?: readonly number[];
  readonly kind?: readonly number[];
  readonly startAfter?: bigint;
};

/** Adds `privacy history`. */
export function addHistoryCommand(privacy: Command): void {
  clientCommand<Flags>(
    privacy,
    'history [name]',
    'Show what was changed and tried, and what was done with instances and tokens, newest first',
    show,
  )
    .option('--limit <count>', 'show at most so many', parseCount, 50)
    .option('--since <time>', 'from then on: 2026-01-31T12:00:00Z, or 2d for two days ago', parseMoment)
    .option('--until <time>', 'before then, written like --since', parseMoment)
    .option('--setting <name>', 'about this setting; may be repeated', oneOf(SETTINGS))
    .option(
      '--origin <origin>',
      'made by this_service or other_device; may be repeated',
      oneOf(numbersOf(Origin)),
    )
    .option(
      '--kind <kind>',
      'of this kind, such as setting_changed or token_created; may be repeated',
      oneOf(numbersOf(PrivacyChange_Kind)),
    )
    .option('--start-after <id>', 'what comes after the entry with this id, the oldest first', parseId);
}

async function show({ api, output, args: [instance = ''], flags }: Run<Flags>) {
  const { limit, since, until, setting = [], origin = [], kind = [], startAfter } = flags;
  const changes: PrivacyChange[] = [];
  let pageToken = '';
  do {
    const request = ListPrivacyChangesRequest.fromPartial({
      instance,
      pageSize: LARGEST_PAGE,
      pageToken,
      ...(since && { startTime: since }),
      ...(until && { endTime: until }),
      settings: [...setting],
      origins: [...origin],
      kinds: [...kind],
      ...(startAfter !== undefined && { startAfter }),
    });
    const pageSize = Math.min(limit - changes.length, LARGEST_PAGE);
    const page = api.call(PrivacyServiceService.listPrivacyChanges, { ...request, pageSize });
    const response = await output.progress('Reading', page);
    changes.push(...response.changes);
    pageToken = response.nextPageToken;
  } while (pageToken !== '' && changes.length < limit);
  output.print({ changes: changes.map(change => toJson(PrivacyChange, change)) }, () =>
    table(
      ['id', 'time', ...(instance ? [] : ['instance']), 'what', 'change', 'outcome', 'by'],
      changes.map(change => [
        String(change.id),
        change.changeTime?.toISOString() ?? '',
        ...(instance ? [] : [change.instance || '–']),
        subjectText(change),
        valuesText(change),
        outcomeText(change),
        authorText(change),
      ]),
    ),
  );
}

const SETTINGS = new Map(SETTING_NAMES.map(name => [name, encodeSetting(name)]));

/** The values of an enum, as they are written in an option. */
function numbersOf<Enum extends Record<string, string | number>>(members: Enum): Map<string, number> {
  return new Map(namesOf(members).map(name => [name.toLowerCase(), Number(members[name])]));
}

/** Collects the values of an option that may be repeated. */
const oneOf =
  (values: ReadonlyMap<string, number>) =>
  (text: string, before: readonly number[] = []): number[] => {
    const number = values.get(text.toLowerCase());
    if (number === undefined)
      throw new InvalidArgumentError(`Must be one of ${[...values.keys()].join(', ')}.`);
    return [...before, number];
  };

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new InvalidArgumentError('Must be a whole number from 1 to 999999.');
  return Number(text);
}
