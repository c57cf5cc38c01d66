import { expect, test, vi } from 'vitest';
import type { Snapshot } from '../../../src/domain/settings/snapshot.js';
import { history } from '../../../src/instances/account/history.js';
import type { ChangeLog, ChangeRecord, SettingChange } from '../../../src/instances/ports/history.js';
import type { Session } from '../../../src/instances/ports/ports.js';

const READ = { session: {} as Session, leftAt: 0 };
const shows = (last_seen: 'all' | 'contacts' | 'none'): Snapshot => ({
  values: { last_seen },
  others: [],
  categories: [],
  unreadable: [],
  observedAt: new Date(),
});
const LAST_SEEN: SettingChange = {
  setting: 'last_seen',
  oldValue: 'all',
  newValue: 'none',
  outcome: 'UNKNOWN',
  whatsappCode: undefined,
  resends: 0,
};
const ENTRY: ChangeRecord = {
  id: 7,
  kind: 'SETTING_CHANGED',
  instance: 'desk',
  instanceUid: 'uid',
  time: new Date('2026-01-01T00:00:00Z'),
  actor: { tokenId: 't', tokenDisplayName: '' },
  origin: 'THIS_SERVICE',
  requestId: '',
  change: LAST_SEEN,
  tokenId: '',
  resolution: undefined,
  resolvedId: undefined,
};

/** A history whose log holds what the process before this one left unknown, and what it has written last. */
function recalled(unresolved: ChangeRecord[], newest: ChangeRecord[] = []) {
  const log = {
    append: vi.fn<ChangeLog['append']>(async () => undefined),
    resolve: vi.fn<ChangeLog['resolve']>(async () => undefined),
    list: async () => ({ changes: newest, next: undefined }),
    unresolved: vi.fn<ChangeLog['unresolved']>(async () => unresolved),
  };
  const faults: unknown[] = [];
  const events = {
    instanceStateChanged: () => undefined,
    clientRefused: () => undefined,
    clientAccepted: () => undefined,
    presenceTold: () => undefined,
    presenceOverdue: () => undefined,
    taskFailed: (fault: unknown) => faults.push(fault),
  };
  return { log, faults, past: history({ name: 'desk', uid: 'uid' }, log, events) };
}

test.each([
  ['none', 'APPLIED'],
  ['all', 'FAILED'],
] as const)(
  'what an earlier process left unknown turns out when the first read shows %s: %s',
  async (value, outcome) => {
    const { log, past } = recalled([ENTRY]);
    expect(past.observed(undefined, shows(value), READ)).toEqual(new Map());
    await vi.waitFor(() => expect(log.resolve).toHaveBeenCalledTimes(1));
    expect(log.resolve.mock.calls[0]).toMatchObject([
      { instanceUid: 'uid', setting: 'last_seen', entryTime: ENTRY.time, outcome },
    ]);
    past.observed(shows(value), shows(value), READ);
    expect(log.unresolved).toHaveBeenCalledTimes(1);
  },
);

test('it stays unknown when the first read shows a third value, or none', async () => {
  const { log, past } = recalled([ENTRY, { ...ENTRY, change: { ...LAST_SEEN, setting: 'status' } }]);
  past.observed(undefined, shows('contacts'), READ);
  await new Promise(resolve => setImmediate(resolve));
  expect(log.resolve).not.toHaveBeenCalled();
});

test('a log that cannot be read is told, and stops nothing', async () => {
  const { log, faults, past } = recalled([]);
  log.unresolved.mockRejectedValue(new Error('gone'));
  past.observed(undefined, shows('all'), READ);
  await vi.waitFor(() => expect(faults).toMatchObject([{ task: 'storing the history' }]));
  expect(past.observed(shows('all'), shows('none'), READ)).toEqual(new Map([['last_seen', 'OTHER_DEVICE']]));
});

test('of an update whose node was lost it has what is found out, and nothing twice', async () => {
  const actor = { tokenId: 't', tokenDisplayName: '' };
  const written = { ...ENTRY, actor, requestId: 'one' };
  const { log, past } = recalled([], [written]);
  const found = (setting: 'last_seen' | 'status') =>
    ({ setting, state: 'APPLIED', previous: undefined, requested: 'none' }) as const;
  await past.followedUp({ actor, requestId: 'one' }, [found('last_seen'), found('status')]);
  await past.followedUp({ actor, requestId: 'another' }, [found('last_seen')]);
  const told = log.append.mock.calls.map(([entries]) =>
    entries.map(({ requestId, change }) => [requestId, change?.setting, change?.outcome]),
  );
  expect(told).toEqual([[['one', 'status', 'APPLIED']], [['another', 'last_seen', 'APPLIED']]]);
});
