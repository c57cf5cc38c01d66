import type { Wishes } from './snapshot.js';

/** A named set of values. */
export type Preset = { readonly values: Wishes; readonly meaning: string };

/** The sets of values that come with this service. */
export const PRESETS = {
  restrictive: {
    values: {
      last_seen: 'none',
      status: 'none',
      profile: 'none',
      online: 'match_last_seen',
      read_receipts: 'none',
      call_add: 'known',
      group_add: 'contacts',
    },
    meaning: 'As little as possible to anybody',
  },
  'groups-by-contacts': {
    values: { group_add: 'contacts' },
    meaning: 'Only contacts may add the account to groups',
  },
  'no-read-receipts': {
    values: { read_receipts: 'none' },
    meaning: 'No read receipts are exchanged',
  },
} as const satisfies Record<string, Preset>;
