import type { Command } from 'commander';
import {
  type BlacklistEntry,
  type GetContactBlacklistRequest,
  GetContactBlacklistResponse,
  PrivacyServiceService,
  UpdateContactBlacklistRequest,
  UpdateContactBlacklistResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { decodeEntry, encodeEntry, encodeListSetting } from '../../contract/contact-blacklist.js';
import { LARGEST_BLACKLIST_PAGE } from '../../contract/sizes.js';
import {
  type ContactId,
  contactId,
  LIST_SETTINGS,
  type ListSetting,
} from '../../domain/settings/contact-list.js';
import { didYouMean } from '../../input/did-you-mean.js';
import { UsageError } from '../../input/usage-error.js';
import type { Api } from '../client/client.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { fields, plain, toJson } from '../terminal/output.js';
import { outcomesTable } from '../texts/settings-text.js';

type Flags = {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  /** `true` when no contact was given. */
  readonly replace?: readonly string[] | true;
  readonly etag?: string;
  readonly validateOnly?: true;
  readonly requestId?: string;
};

/** Adds `privacy blacklist`. */
export function addBlacklistCommand(privacy: Command): void {
  clientCommand<Flags>(
    privacy,
    'blacklist <name> <setting>',
    'Show or change the contacts that a setting excepts',
    run,
  )
    .option('--add <contact...>', 'put contacts on the list')
    .option('--remove <contact...>', 'take contacts from the list')
    .option('--replace [contact...]', 'make the list exactly these contacts, or empty')
    .option('--etag <etag>', 'refuse when the list has another etag now')
    .option('--validate-only', 'tell what would happen and change nothing')
    .option('--request-id <uuid>', 'makes the call idempotent: the same id gets the first answer again')
    .addHelpText(
      'after',
      `\nSettings with a list: ${LIST_SETTINGS.join(', ')}\n` +
        'A contact is a phone number such as +15550100123, or a LID such as 123456789012345@lid.\n' +
        'A change also sets the setting to contact_blacklist.',
    );
}

async function run({ api, output, args: [instance = '', name = ''], flags }: Run<Flags>) {
  const order = readOrder(name, flags);
  const setting = encodeListSetting(order.setting);
  if (!order.changes) {
    const response = await output.progress('Reading', readWhole(api, { instance, setting }));
    output.print(toJson(GetContactBlacklistResponse, response), () =>
      [...response.entries.map(entry => plain(decodeEntry(entry) ?? '?')), summary(response)].join('\n'),
    );
    return;
  }
  const request = UpdateContactBlacklistRequest.fromPartial({
    instance,
    setting,
    entriesToAdd: order.add.map(encodeEntry),
    entriesToRemove: order.remove.map(encodeEntry),
    replace: flags.replace !== undefined,
    etag: flags.etag ?? '',
    validateOnly: flags.validateOnly ?? false,
    requestId: flags.requestId ?? '',
  });
  const call = api.call(PrivacyServiceService.updateContactBlacklist, request);
  const response = await output.progress('Changing', call);
  output.print(toJson(UpdateContactBlacklistResponse, response), () =>
    [outcomesTable(response.outcome ? [response.outcome] : []), summary(response)].join('\n'),
  );
}

/** All pages of a list. */
async function readWhole(
  api: Api,
  list: Pick<GetContactBlacklistRequest, 'instance' | 'setting'>,
): Promise<GetContactBlacklistResponse> {
  const entries: BlacklistEntry[] = [];
  for (let pageToken = ''; ; ) {
    const request = { ...list, pageSize: LARGEST_BLACKLIST_PAGE, pageToken };
    const page = await api.call(PrivacyServiceService.getContactBlacklist, request);
    entries.push(...page.entries);
    pageToken = page.nextPageToken;
    if (pageToken === '') return { ...page, entries };
  }
}

const summary = ({
  totalSize,
  etag,
  entriesUnknown = false,
}: Pick<GetContactBlacklistResponse, 'totalSize' | 'etag'> &
  Partial<UpdateContactBlacklistResponse>): string =>
  fields([
    ['contacts', entriesUnknown ? 'not known: WhatsApp tells no list yet' : String(totalSize)],
    ['etag', etag],
  ]);

type Order = {
  readonly setting: ListSetting;
  readonly changes: boolean;
  readonly add: readonly ContactId[];
  readonly remove: readonly ContactId[];
};

/** What is asked for; a UsageError names everything that is wrong. */
function readOrder(name: string, { add, remove, replace, ...options }: Flags): Order {
  const mistakes: string[] = [];
  const ids = (texts: readonly string[]): ContactId[] =>
    texts.flatMap(text => {
      const id = contactId(text);
      if (id === undefined) mistakes.push(`${text}: write a phone number as +15550100123, or a LID`);
      return id ?? [];
    });

  const setting = LIST_SETTINGS.find(known => known === name);
  if (setting === undefined)
    mistakes.push(
      `${name}: no setting with a list${didYouMean(name, LIST_SETTINGS)} (one of ${LIST_SETTINGS.join(', ')})`,
    );
  if (replace !== undefined && (add ?? remove) !== undefined)
    mistakes.push('--replace: give it alone, without --add and --remove');
  const changes = (add ?? remove ?? replace) !== undefined;
  if (!changes)
    for (const [option, value] of Object.entries({
      '--etag': options.etag,
      '--validate-only': options.validateOnly,
      '--request-id': options.requestId,
    }))
      if (value !== undefined) mistakes.push(`${option}: only with --add, --remove or --replace`);

  const added = ids(add ?? (replace === true ? [] : (replace ?? [])));
  const removed = ids(remove ?? []);
  if (setting === undefined || mistakes.length > 0) throw new UsageError(mistakes);
  return { setting, changes, add: added, remove: removed };
}
