/**
 * The version of WhatsApp Web that this release announces, and the day on which WhatsApp Web had it. Raised with each
 * release by `npm run raise:version`; WhatsApp refuses one that is some four months old.
 */
export const BUILT_IN_VERSION = {
  revision: 1048032155,
  releasedOn: '2026-09-21',
} as const;
