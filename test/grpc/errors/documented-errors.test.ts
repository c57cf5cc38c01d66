import { describe, expect, test } from 'vitest';
import { answersAsDocumented, ERRORS, LINKING, NAMES } from '../support/answers-as-documented.js';
import { DOCUMENTED_ERRORS } from '../support/documented-errors.js';
import { PLACES, provocationOf } from '../support/provocations.js';

describe('the comments in proto', () => {
  test('tell the errors of every method', () => {
    const told = new Set(DOCUMENTED_ERRORS.map(({ method }) => method));
    expect([...told].sort()).toEqual(NAMES.toSorted());
  });

  test('tell no error that the table cannot bring about', () => {
    expect(ERRORS.filter(error => !provocationOf(error).provoke)).toEqual([]);
  });

  test('tell every error that the table brings about', () => {
    const told = ERRORS.map(error => provocationOf(error).place);
    expect(PLACES.filter(place => !told.includes(place))).toEqual([]);
  });
});

answersAsDocumented(NAMES.filter(name => !LINKING.includes(name)));
