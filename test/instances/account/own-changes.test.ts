import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Outcome } from '../../../src/domain/outcome.js';
import { ownChanges } from '../../../src/instances/account/own-changes.js';
import type { Session } from '../../../src/instances/ports/ports.js';

const CHANGE = { setting: 'last_seen', from: 'all', to: 'none' } as const;
const NO_ANSWER = { kind: 'no_answer', cause: 'timeout' } as const;
const REFUSED = { kind: 'refused', code: 403, text: '' } as const;
const ENTRY_TIME = new Date('2026-01-01T00:00:00Z');
const HERE = {} as Session;
const NEXT = {} as Session;

let now: number;
const amend = vi.fn();
const own = () => ownChanges(amend, () => now);
const read = (session = HERE) => ({ session, leftAt: now });
const outcome = (state: Outcome['state']): Outcome => ({
  setting: 'last_seen',
  state,
  previous: 'all',
  requested: 'none',
});

beforeEach(() => {
  now = 0;
  amend.mockClear();
});

describe('a value that this service sent', () => {
  test('is its own when a read shows it, once', () => {
    const changes = own();
    changes.sending(CHANGE, HERE, false)({ kind: 'confirmed' });
    expect(changes.shows('last_seen', 'none', read())).toBe(true);
    expect(changes.shows('last_seen', 'none', read())).toBe(false);
  });

  test('is its own when it shows late, after a wait in vain', () => {
    const changes = own();
    changes.sending(CHANGE, HERE, false)(NO_ANSWER);
    now = 3_600_000;
    expect(changes.shows('last_seen', 'all', read())).toBe(false);
    expect(changes.shows('last_seen', 'none', read())).toBe(true);
  });

  test.each([
    ['was refused', REFUSED],
    ['did not leave', { kind: 'not_sent' }],
  ] as const)('is somebody else’s when it %s', (_, reply) => {
    const changes = own();
    changes.sending(CHANGE, HERE, false)(reply);
    expect(changes.shows('last_seen', 'none', read())).toBe(false);
  });

  test('is somebody else’s after a read past its end showed another value', () => {
    const changes = own();
    changes.sending(CHANGE, HERE, false)({ kind: 'confirmed' });
    now = 1;
    expect(changes.shows('last_seen', 'contacts', read())).toBe(false);
    expect(changes.shows('last_seen', 'none', read())).toBe(false);
  });

  test('is still awaited when a read that left before its reply shows another value', () => {
    const changes = own();
    const early = read();
    now = 1;
    changes.sending(CHANGE, HERE, false)({ kind: 'confirmed' });
    expect(changes.shows('last_seen', 'all', early)).toBe(false);
    expect(changes.shows('last_seen', 'none', read())).toBe(true);
  });

  test('is somebody else’s a minute after its reply when no read came in between', () => {
    const changes = own();
    changes.sending(CHANGE, HERE, false)({ kind: 'confirmed' });
    const early = { session: HERE, leftAt: -1 };
    now = 60_001;
    changes.shows('last_seen', 'all', early);
    expect(changes.shows('last_seen', 'none', read())).toBe(false);
  });

  test('does not keep what was sent before it from being seen: the later value counts', () => {
    const changes = own();
    changes.sending(CHANGE, HERE, false)({ kind: 'confirmed' });
    changes.sending({ ...CHANGE, from: 'none', to: 'contacts' }, HERE, false)({ kind: 'confirmed' });
    now = 1;
    expect(changes.shows('last_seen', 'contacts', read())).toBe(true);
    expect(changes.shows('last_seen', 'none', read())).toBe(false);
  });

  test('was set back, so that it is somebody else’s when it shows again', () => {
    const changes = own();
    changes.sending(CHANGE, HERE, false)({ kind: 'confirmed' });
    changes.ended(outcome('ROLLED_BACK'), ENTRY_TIME);
    expect(changes.shows('last_seen', 'none', read())).toBe(false);
  });
});

describe('an entry of unknown outcome', () => {
  const unknown = (isOfList = false) => {
    const changes = own();
    const tell = changes.sending(CHANGE, HERE, isOfList);
    tell(NO_ANSWER);
    changes.ended(outcome('UNKNOWN'), ENTRY_TIME);
    return { changes, tell };
  };

  test('turns out applied when its confirmation comes late', () => {
    unknown().tell({ kind: 'confirmed' });
    expect(amend.mock.calls).toEqual([['last_seen', ENTRY_TIME, 'APPLIED']]);
  });

  test('turns out failed after all when the first read after its late confirmation shows the value before', () => {
    const { changes, tell } = unknown();
    tell({ kind: 'confirmed' });
    now = 2;
    expect(changes.shows('last_seen', 'all', read())).toBe(false);
    expect(amend.mock.calls).toEqual([
      ['last_seen', ENTRY_TIME, 'APPLIED'],
      ['last_seen', ENTRY_TIME, 'FAILED'],
    ]);
  });

  test('turns out failed when its refusal comes late', () => {
    unknown().tell(REFUSED);
    expect(amend.mock.calls).toEqual([['last_seen', ENTRY_TIME, 'FAILED']]);
  });

  test('turns out applied when a read shows the value, and is amended once', () => {
    const { changes, tell } = unknown();
    changes.shows('last_seen', 'none', read());
    tell({ kind: 'confirmed' });
    expect(amend.mock.calls).toEqual([['last_seen', ENTRY_TIME, 'APPLIED']]);
  });

  test('is open while its reply may come, whatever a read shows', () => {
    const { changes } = unknown();
    changes.shows('last_seen', 'all', read());
    expect(amend).not.toHaveBeenCalled();
  });

  test('turns out failed when a read over the next connection shows the value before it', () => {
    const { changes, tell } = unknown();
    tell({ kind: 'no_answer', cause: 'closed' });
    changes.shows('last_seen', 'all', read(NEXT));
    expect(amend.mock.calls).toEqual([['last_seen', ENTRY_TIME, 'FAILED']]);
  });

  test('stays unknown when that read shows a third value', () => {
    const { changes } = unknown();
    changes.shows('last_seen', 'contacts', read(NEXT));
    expect(amend).not.toHaveBeenCalled();
  });

  test('is amended also when the reply came before the entry was written', () => {
    const changes = own();
    const tell = changes.sending(CHANGE, HERE, false);
    tell(NO_ANSWER);
    tell({ kind: 'confirmed' });
    changes.ended(outcome('UNKNOWN'), ENTRY_TIME);
    expect(amend.mock.calls).toEqual([['last_seen', ENTRY_TIME, 'APPLIED']]);
  });

  test.each([
    ['none', 'APPLIED'],
    ['all', 'FAILED'],
  ] as const)(
    'is amended also when a read showed %s before the entry was written: %s',
    (value, turnedOut) => {
      const changes = own();
      changes.sending(CHANGE, HERE, false)({ kind: 'no_answer', cause: 'fault' });
      changes.shows('last_seen', value, read());
      changes.ended(outcome('UNKNOWN'), ENTRY_TIME);
      expect(amend.mock.calls).toEqual([['last_seen', ENTRY_TIME, turnedOut]]);
    },
  );

  test('stays so after a confirmation when a read after it showed a third value', () => {
    const changes = own();
    changes.sending(CHANGE, HERE, false)({ kind: 'confirmed' });
    now = 1;
    changes.shows('last_seen', 'contacts', read());
    changes.ended(outcome('UNKNOWN'), ENTRY_TIME);
    expect(amend).not.toHaveBeenCalled();
  });

  test.each([
    ['all', 'FAILED'],
    ['none', 'APPLIED'],
  ] as const)('of what was confirmed in time turns out by the next read: %s is %s', (value, turnedOut) => {
    const changes = own();
    const early = read();
    now = 1;
    changes.sending(CHANGE, HERE, false)({ kind: 'confirmed' });
    changes.shows('last_seen', 'all', early);
    changes.ended(outcome('UNKNOWN'), ENTRY_TIME);
    expect(amend).not.toHaveBeenCalled();
    changes.shows('last_seen', value, read());
    expect(amend.mock.calls).toEqual([['last_seen', ENTRY_TIME, turnedOut]]);
  });

  test('of a list that its setting excepted before turns out failed when its refusal comes late', () => {
    const changes = own();
    const EDIT = { setting: 'last_seen', from: 'contact_blacklist', to: 'contact_blacklist' } as const;
    const tell = changes.sending(EDIT, HERE, true);
    tell(NO_ANSWER);
    changes.ended({ ...outcome('UNKNOWN'), previous: EDIT.from, requested: EDIT.to }, ENTRY_TIME);
    tell(REFUSED);
    expect(amend.mock.calls).toEqual([['last_seen', ENTRY_TIME, 'FAILED']]);
  });

  test('of a list says nothing of the list when the value of its setting shows', () => {
    const { changes, tell } = unknown(true);
    tell({ kind: 'confirmed' });
    changes.shows('last_seen', 'none', read(NEXT));
    expect(amend).not.toHaveBeenCalled();
  });
});

describe('an entry that says applied, of a change that no read has shown', () => {
  const applied = () => {
    const changes = own();
    changes.sending(CHANGE, HERE, false)({ kind: 'confirmed' });
    changes.ended(outcome('APPLIED'), ENTRY_TIME);
    return changes;
  };

  test('turns out failed when the first read after its end shows the value before it', () => {
    const changes = applied();
    now = 1;
    changes.shows('last_seen', 'all', read());
    expect(amend.mock.calls).toEqual([['last_seen', ENTRY_TIME, 'FAILED']]);
  });

  test('stays when a read has shown it first', () => {
    const changes = applied();
    now = 1;
    changes.shows('last_seen', 'none', read());
    changes.shows('last_seen', 'all', read(NEXT));
    expect(amend).not.toHaveBeenCalled();
  });

  test('stays when the value before it was sent since', () => {
    const changes = applied();
    changes.sending({ setting: 'last_seen', from: 'none', to: 'all' }, HERE, false)({ kind: 'confirmed' });
    now = 1;
    changes.shows('last_seen', 'all', read());
    expect(amend).not.toHaveBeenCalled();
  });

  test('stays when that read left before its end', () => {
    const early = { session: HERE, leftAt: -1 };
    applied().shows('last_seen', 'all', early);
    expect(amend).not.toHaveBeenCalled();
  });
});

test('an entry that says rolled back turns out applied when the first read after it shows the value', () => {
  const changes = own();
  changes.sending(CHANGE, HERE, false)({ kind: 'confirmed' });
  changes.shows('last_seen', 'none', read());
  changes.sending({ setting: 'last_seen', from: 'none', to: 'all' }, HERE, false)({ kind: 'confirmed' });
  changes.ended(outcome('ROLLED_BACK'), ENTRY_TIME);
  now = 1;
  changes.shows('last_seen', 'none', read());
  expect(amend.mock.calls).toEqual([['last_seen', ENTRY_TIME, 'APPLIED']]);
});

describe('an entry of a change that was set back, which is unknown', () => {
  const setBack = (from = 'all') => {
    const changes = own();
    changes.sending({ ...CHANGE, from }, HERE, false)({ kind: 'confirmed' });
    changes.shows('last_seen', 'none', read());
    const tell = changes.sending({ setting: 'last_seen', from: 'none', to: from }, HERE, false);
    tell(NO_ANSWER);
    changes.ended({ ...outcome('UNKNOWN'), previous: from }, ENTRY_TIME);
    expect(amend).not.toHaveBeenCalled();
    return { changes, tell };
  };

  test('turns out rolled back when that is confirmed late', () => {
    setBack().tell({ kind: 'confirmed' });
    expect(amend.mock.calls).toEqual([['last_seen', ENTRY_TIME, 'ROLLED_BACK']]);
  });

  test.each([
    ['all', 'ROLLED_BACK'],
    ['none', 'APPLIED'],
  ])('turns out by what a read over the next connection shows: %s is %s', (value, turnedOut) => {
    const { changes, tell } = setBack();
    tell({ kind: 'no_answer', cause: 'closed' });
    changes.shows('last_seen', value, read(NEXT));
    expect(amend.mock.calls).toEqual([['last_seen', ENTRY_TIME, turnedOut]]);
  });

  test('stays open while a read over the same connection shows the value that it had', () => {
    const { changes } = setBack();
    changes.shows('last_seen', 'none', read());
    expect(amend).not.toHaveBeenCalled();
  });

  test('stays unknown where a list of contacts belongs to the value, which says nothing of it', () => {
    setBack('contact_blacklist').tell({ kind: 'confirmed' });
    expect(amend).not.toHaveBeenCalled();
  });
});

test('an entry that says failed turns out applied when a read shows the value after all', () => {
  const changes = own();
  changes.sending(CHANGE, HERE, false)({ kind: 'confirmed' });
  changes.ended(outcome('FAILED'), ENTRY_TIME);
  const early = { session: HERE, leftAt: -1 };
  changes.shows('last_seen', 'all', early);
  changes.shows('last_seen', 'none', read());
  expect(amend.mock.calls).toEqual([['last_seen', ENTRY_TIME, 'APPLIED']]);
});
