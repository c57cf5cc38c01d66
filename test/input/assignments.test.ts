import { describe, expect, test } from 'vitest';
import { parseAssignments } from '../../src/input/assignments.js';
import { UsageError } from '../../src/input/usage-error.js';

function mistakesIn(...texts: string[]): readonly string[] {
  try {
    parseAssignments(texts);
  } catch (error) {
    if (error instanceof UsageError) return error.mistakes;
    throw error;
  }
  return [];
}

describe('assignments of settings', () => {
  test('are read in the order given', () => {
    expect([...parseAssignments(['last_seen=none', 'default_disappearing_timer=86400'])]).toEqual([
      ['last_seen', 'none'],
      ['default_disappearing_timer', '86400'],
    ]);
  });

  test('report every mistake at once, with the nearest word and what is valid', () => {
    expect(
      mistakesIn(
        'lastseen=none',
        'online=al',
        'call_add',
        'defense=off',
        'status=all',
        'status=none',
        'x=y',
        'group_add=',
      ),
    ).toEqual([
      expect.stringMatching(
        /^lastseen=none: no such setting; did you mean last_seen\? \(one of last_seen, status, /,
      ),
      'online=al: no such value; did you mean all? (one of all, match_last_seen)',
      'call_add: write call_add=VALUE (one of all, known)',
      'defense=off: defense cannot be changed through this service',
      'status=none: given twice',
      expect.stringMatching(/^x=y: no such setting \(one of /),
      'group_add=: no such value (one of all, contacts, contact_blacklist)',
    ]);
  });
});
