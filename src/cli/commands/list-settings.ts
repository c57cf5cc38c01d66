import type { Command } from 'commander';
import {
  type ListPrivacySettingsResponse_Entry as Entry,
  PrivacyServiceService,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { PrivacySettings } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { LARGEST_PAGE } from '../../contract/sizes.js';
import { SETTING_NAMES } from '../../domain/settings/settings-table.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { SELECTOR_FLAG, SELECTOR_MEANING } from '../client/label-flags.js';
import { parseDuration, toDuration } from '../terminal/duration.js';
import { table, toJson } from '../terminal/output.js';
import { innerErrorJson, innerErrorText } from '../texts/errors.js';
import { valueText } from '../texts/settings-text.js';

type Flags = { readonly maxAge?: number; readonly selector?: string };

/** Adds `privacy list`. */
export function addListCommand(privacy: Command): void {
  clientCommand<Flags>(privacy, 'list', 'Read the settings of all instances', list)
    .option(
      '--max-age <duration>',
      'be content with settings observed within this time (default: ask WhatsApp now)',
      parseDuration,
    )
    .option(SELECTOR_FLAG, `only ${SELECTOR_MEANING}`);
}

async function list({ api, output, flags: { maxAge, selector = '' } }: Run<Flags>) {
  const entries: Entry[] = [];
  let pageToken = '';
  do {
    const page = {
      pageSize: LARGEST_PAGE,
      pageToken,
      maxAge: maxAge === undefined ? undefined : toDuration(maxAge),
      labelSelector: selector,
    };
    const call = api.call(PrivacyServiceService.listPrivacySettings, page);
    const response = await output.progress('Reading', call);
    entries.push(...response.entries);
    pageToken = response.nextPageToken;
  } while (pageToken !== '');
  output.print({ entries: entries.map(entryJson) }, () => entriesTable(entries));
}

const entryJson = ({ instance, result }: Entry): object => ({
  instance,
  ...(result?.$case === 'settings' && { settings: toJson(PrivacySettings, result.value) }),
  ...(result?.$case === 'error' && { error: innerErrorJson(result.value) }),
});

/** A column for each setting that any instance has, and one for what kept an instance from being read. */
function entriesTable(entries: readonly Entry[]): string {
  const rows = entries.map(({ instance, result }) => ({
    instance,
    values: new Map(
      SETTING_NAMES.map(setting => [
        setting,
        result?.$case === 'settings' ? valueText(result.value, setting) : undefined,
      ]),
    ),
    error: result?.$case === 'error' ? `✗ ${innerErrorText(result.value)}` : '',
  }));
  const columns = SETTING_NAMES.filter(setting => rows.some(({ values }) => values.get(setting)));
  const errors = rows.some(({ error }) => error) ? ['not read'] : [];
  return table(
    ['instance', ...columns, ...errors],
    rows.map(({ instance, values, error }) => [
      instance,
      ...columns.map(setting => values.get(setting) ?? '–'),
      ...errors.map(() => error),
    ]),
  );
}
