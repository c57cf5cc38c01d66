import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { backingOff, type ConnectionState } from '../../../src/instances/connecting/connection-state.js';
import { sessionWait } from '../../../src/instances/member/session-wait.js';

const HOUR_MS = 3_600_000;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const waitIn = (connection: ConnectionState) => sessionWait('desk', { connection });
/** What became of a wait so far. */
function follow(wait: Promise<unknown>) {
  const seen = { problem: undefined as unknown };
  wait.catch(error => (seen.problem = error.problem));
  return seen;
}

test('a clock that is set back does not make a wait for the connection longer', async () => {
  const seen = follow(waitIn({ state: 'connecting' }).within(5000));
  vi.setSystemTime(Date.now() - HOUR_MS);
  await vi.advanceTimersByTimeAsync(4999);
  expect(seen.problem).toBeUndefined();
  await vi.advanceTimersByTimeAsync(2);
  expect(seen.problem).toMatchObject({ kind: 'INSTANCE_NOT_CONNECTED' });
});

test('nor does it change when the next attempt is said to come', async () => {
  const wait = waitIn(backingOff(8000, { code: 503, text: 'gone' }));
  vi.setSystemTime(Date.now() - HOUR_MS);
  const waited = follow(wait.within(9000));
  await vi.advanceTimersByTimeAsync(100);
  expect(waited.problem).toBeUndefined();
  const refused = follow(wait.within(5000));
  await vi.advanceTimersByTimeAsync(0);
  expect(refused.problem).toMatchObject({ retryAfterMs: 7900 });
});

test('a dial that has not had its turn is waited for longer where that is asked, and what came of it no longer', async () => {
  const supervisor: { connection: ConnectionState } = { connection: { state: 'connecting' } };
  const wait = sessionWait('desk', supervisor);
  const hurried = follow(wait.within(5_000));
  const waited = follow(wait.within(5_000, undefined, 60_000));
  await vi.advanceTimersByTimeAsync(30_000);
  expect(hurried.problem).toMatchObject({ kind: 'INSTANCE_NOT_CONNECTED' });
  expect(waited.problem).toBeUndefined();
  supervisor.connection = backingOff(1_000, { code: 503, text: 'gone' });
  wait.changed();
  await vi.advanceTimersByTimeAsync(0);
  expect(waited.problem).toMatchObject({ kind: 'INSTANCE_NOT_CONNECTED' });
});
