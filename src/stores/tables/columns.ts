import { PrivacyError } from '../../domain/errors.js';

/** A time as stored. */
export const fromDate = (date: Date | undefined): number | null => date?.getTime() ?? null;

/** A stored time. */
export const toDate = (ms: number | null): Date | undefined => (ms === null ? undefined : new Date(ms));

/** The error for a cursor that no page has given out; cursors come from callers. */
export const invalidCursor = (): PrivacyError =>
  new PrivacyError({
    kind: 'INVALID_REQUEST',
    violations: [
      {
        field: 'page_token',
        reason: 'INVALID_FORMAT',
        description: 'page_token is not one this method gave',
      },
    ],
  });
