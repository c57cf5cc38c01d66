import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Api } from '../../src/cli/client/client.js';
import { encodeSettings } from '../../src/cli/texts/setting-values.js';
import { parseAssignments } from '../../src/input/assignments.js';

/** Seven settings, each with its widest and its narrowest value. */
const SETTINGS = [
  ['last_seen', 'all', 'none'],
  ['status', 'all', 'none'],
  ['profile', 'all', 'none'],
  ['online', 'all', 'match_last_seen'],
  ['read_receipts', 'all', 'none'],
  ['call_add', 'all', 'known'],
  ['group_add', 'all', 'contacts'],
] as const;

export const WIDE = SETTINGS.map(([setting, wide]) => `${setting}=${wide}`);
export const NARROW = SETTINGS.map(([setting, , narrow]) => `${setting}=${narrow}`);

/** From one turn to the next all seven change, some narrowing and some widening, which takes both waves. */
export const mixed = (turn: number): string[] =>
  SETTINGS.map(([setting, ...values], index) => `${setting}=${values[(turn + index) % 2]}`);

/** Whether the last seen is hidden; it changes from one turn to the next. */
export const one = (turn: number): string[] => [turn % 2 === 0 ? 'last_seen=none' : 'last_seen=all'];

/** Changes these settings of an instance. */
export const update = (api: Api, instance: string, wanted: readonly string[], etag = ''): Promise<unknown> =>
  api.call(Privacy.updatePrivacySettings, {
    ...Privacy.updatePrivacySettings.requestDeserialize(Buffer.of()),
    instance,
    etag,
    ...encodeSettings(parseAssignments(wanted)),
  });
