type Category = {
  /** The values a companion may set. */
  readonly values: readonly string[];
  /** One of the ten settings that Strict Account Settings keep for the phone (WAWebDefenseModeUtils). */
  readonly locked?: true;
  /** Whether contact_blacklist comes with a list of contacts. */
  readonly listed?: true;
};

const AUDIENCES = ['all', 'contacts', 'contact_blacklist', 'none'];

/**
 * What WhatsApp's server takes, from what its own and other clients send (WA Web, whatsmeow, zapo, whatsapp-rust).
 * Kept apart from the service's table on purpose: the server judges the service, not the other way round. Where the two
 * differ stands in a test.
 */
export const CATEGORIES: Readonly<Record<string, Category>> = {
  last: { values: AUDIENCES, locked: true, listed: true },
  status: { values: AUDIENCES, locked: true, listed: true },
  profile: { values: AUDIENCES, locked: true, listed: true },
  online: { values: ['all', 'match_last_seen'], locked: true },
  readreceipts: { values: ['all', 'none'] },
  calladd: { values: ['all', 'known', 'contacts'], locked: true },
  groupadd: { values: ['all', 'contacts', 'contact_blacklist'], locked: true, listed: true },
  messages: { values: ['all', 'contacts'], locked: true },
  stickers: { values: ['contacts', 'contact_allowlist', 'none'] },
  // With lists: zapo `protocol/privacy.ts`.
  pix: { values: AUDIENCES, listed: true },
  linked_profiles: { values: AUDIENCES, listed: true },
  // Changed on the phone only.
  defense: { values: [] },
};

/** Whether WhatsApp knows the category and takes the value from a companion. */
export const isAccepted = (category: string, value: string): boolean =>
  CATEGORIES[category]?.values.includes(value) ?? false;

export const isLockedByDefense = (category: string): boolean => CATEGORIES[category]?.locked ?? false;

export const hasList = (category: string): boolean => CATEGORIES[category]?.listed ?? false;
