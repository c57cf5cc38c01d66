import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectError } from '../support/check-error.js';
import { DOCUMENTED_ERRORS } from '../support/documented-errors.js';
import { METHODS, shortName } from '../support/methods.js';
import { PLACES, provocationOf } from '../support/provocations.js';
import { ROWS } from '../support/rows.js';
import { openStage, type Stage, subjectOf } from '../support/stage.js';
import { succeed } from '../support/success.js';

const names = METHODS.map(shortName);
/** Every token may call these, as the test of the roles shows, and sees what it covers. */
const OPEN = names.filter(name => ROWS[name]?.of === 'any' && ROWS[name]?.access === 'read');
const errors = DOCUMENTED_ERRORS.filter(
  ({ method, reason }) => !(reason === 'SCOPE_DENIED' && OPEN.includes(method)),
);

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

describe('the comments in proto', () => {
  test('tell the errors of every method', () => {
    const told = new Set(DOCUMENTED_ERRORS.map(({ method }) => method));
    expect([...told].sort()).toEqual(names.sort());
  });

  test('tell no error that the table cannot bring about', () => {
    expect(errors.filter(error => !provocationOf(error).provoke)).toEqual([]);
  });

  test('tell every error that the table brings about', () => {
    const told = errors.map(error => provocationOf(error).place);
    expect(PLACES.filter(place => !told.includes(place))).toEqual([]);
  });
});

describe.each(names)('%s', name => {
  test('answers a valid request', async () => {
    await succeed(stage, subjectOf(name));
  });

  test.each(errors.filter(({ method }) => method === name))('answers $code $reason', async error => {
    const ended = await provocationOf(error).provoke?.(stage, subjectOf(name));
    if (!ended) throw new Error('the table does not bring this about');
    expectError(ended, error);
  });
});
