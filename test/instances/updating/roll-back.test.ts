import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { outcomeOf } from '../../../src/domain/outcome.js';
import type { SetReply } from '../../../src/instances/ports/ports.js';
import { rollBack } from '../../../src/instances/updating/roll-back.js';
import { openAccount } from '../support/scripted-account.js';

const REFUSED: SetReply = { kind: 'refused', code: 403, text: 'forbidden' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('one at a time, as after a rate limit, a rollback goes on behind a setting that cannot be set back', async () => {
  const { account, reads } = openAccount({ status: REFUSED });
  const slow = { ...account, throttle: { ...account.throttle, inFlightLimit: () => 1 } };
  const applied = (['last_seen', 'profile', 'status'] as const).map(setting =>
    outcomeOf({ setting, from: 'all', to: 'none' }, 'APPLIED'),
  );
  const failed = outcomeOf({ setting: 'group_add', from: 'all', to: 'contacts' }, 'FAILED', {
    reason: 'WHATSAPP_REJECTED',
    message: 'forbidden',
  });
  const execution = {
    outcomes: [...applied, failed],
    unchanged: [],
    settings: undefined,
    sent: true,
    outOfTime: false,
    isCutOff: false,
    mayTakeEffect: () => false,
    wasRefusedFalsely: () => false,
  };
  const call = { deadline: Date.now() + 10_000, signal: new AbortController().signal };
  const running = rollBack(slow, execution, new Map(), call);
  await vi.advanceTimersByTimeAsync(10);
  for (const answer of reads) answer({ last_seen: 'all', profile: 'all', status: 'none', group_add: 'all' });
  await vi.advanceTimersByTimeAsync(10_000);
  const { outcomes } = await running;
  expect(outcomes.map(({ setting, state }) => [setting, state])).toEqual([
    ['last_seen', 'ROLLED_BACK'],
    ['profile', 'ROLLED_BACK'],
    ['status', 'APPLIED'],
    ['group_add', 'FAILED'],
  ]);
});

test.each([
  ['proves nothing where a read has shown that the one before was false', true, 'UNKNOWN'],
  ['is believed where none was false', false, 'APPLIED'],
])('a refusal to set back that no read follows %s', async (_, wasRefusedFalsely, state) => {
  const { account, session } = openAccount({ status: REFUSED });
  Object.assign(session, { readPrivacy: async () => REFUSED });
  const execution = {
    outcomes: [
      outcomeOf({ setting: 'status', from: 'all', to: 'none' }, 'APPLIED'),
      outcomeOf({ setting: 'group_add', from: 'all', to: 'contacts' }, 'FAILED'),
    ],
    unchanged: [],
    settings: undefined,
    sent: true,
    outOfTime: false,
    isCutOff: false,
    mayTakeEffect: () => false,
    wasRefusedFalsely: () => wasRefusedFalsely,
  };
  const call = { deadline: Date.now() + 10_000, signal: new AbortController().signal };
  const running = rollBack(account, execution, new Map(), call);
  await vi.advanceTimersByTimeAsync(10_000);
  const { outcomes } = await running;
  expect(outcomes[0]).toMatchObject({ setting: 'status', state });
});
