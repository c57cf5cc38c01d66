import { afterAll, beforeAll, describe, test } from 'vitest';
import { expectError } from './check-error.js';
import { DOCUMENTED_ERRORS } from './documented-errors.js';
import { METHODS, shortName } from './methods.js';
import { provocationOf } from './provocations.js';
import { ROWS } from './rows.js';
import { openStage, type Stage, subjectOf } from './stage.js';
import { succeed } from './success.js';

/** The methods of the services; waiting for WhatsApp takes long while linking, so those that link are apart. */
export const NAMES = METHODS.map(shortName);
export const LINKING = NAMES.filter(name => name.includes('Link'));

/** Every token may call these, as the test of the roles shows, and sees what it covers. */
const OPEN = NAMES.filter(name => ROWS[name]?.of === 'any' && ROWS[name]?.access === 'read');
/** The errors that the comments in `proto` tell, but for those that cannot be. */
export const ERRORS = DOCUMENTED_ERRORS.filter(
  ({ method, reason }) => !(reason === 'SCOPE_DENIED' && OPEN.includes(method)),
);

/** Declares the tests that these methods answer a valid request, and with each error of their comments. */
export function answersAsDocumented(names: readonly string[]): void {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  describe.each(names)('%s', name => {
    test('answers a valid request', async () => {
      await succeed(stage, subjectOf(name));
    });

    test.each(ERRORS.filter(({ method }) => method === name))('answers $code $reason', async error => {
      const ended = await provocationOf(error).provoke?.(stage, subjectOf(name));
      if (!ended) throw new Error('the table does not bring this about');
      expectError(ended, error);
    });
  });
}
