import { PrivacyError, type Reason } from '../../domain/errors.js';

/** Fulfils with `allow_missing` also when what was to be ended is not there. */
export const unlessMissing = (missing: Reason, allowMissing: boolean, ending: Promise<void>): Promise<void> =>
  ending.catch((error: unknown) => {
    if (!(allowMissing && error instanceof PrivacyError && error.problem.kind === missing)) throw error;
  });
