import { expect, test } from 'vitest';
import { PrivacyError } from '../../../src/domain/errors.js';
import { sharedNumberAttempts } from '../../../src/instances/account/across-nodes/number-attempts.js';
import { linkAttempts } from '../../../src/instances/account/link-attempts.js';
import { newNodes } from './nodes.js';
import { queriesOf } from './postgres-data.js';

const ANNA = '+15550100101';
const BERT = '+15550100102';
const HOUR_MS = 3_600_000;

test('a phone number has its attempts to link once, on however many nodes', async () => {
  const { nodes, url } = await newNodes(3);
  const attempts = nodes.map(({ store, shared }) =>
    sharedNumberAttempts(linkAttempts({ perInstance: 0, perNumber: 5, perNode: 0 }), {
      perNumber: 5,
      permits: shared.permits,
      key: store.deriveKey('phone numbers'),
      onFailure: error => {
        throw error;
      },
    }),
  );
  const tries = Array.from({ length: 9 }, (_, index) =>
    (async () => attempts[index % 3]?.count(`i${index}`, ANNA))(),
  );
  const outcomes = await Promise.allSettled(tries);
  const made = outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  expect(made).toHaveLength(5);
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    expect(outcome.reason).toBeInstanceOf(PrivacyError);
    expect((outcome.reason as PrivacyError).problem).toMatchObject({
      kind: 'RATE_LIMITED',
      limit: 5,
      subject: expect.stringMatching(/^phonenumber:/),
    });
    const { retryAfterMs } = (outcome.reason as PrivacyError).problem as { retryAfterMs: number };
    expect(retryAfterMs).toBeLessThanOrEqual(HOUR_MS);
  }
  await attempts[0]?.count('other', BERT);
  await attempts[0]?.count('other', undefined);

  // What did not reach WhatsApp is free for another node.
  made[0]?.();
  const later = async () => attempts[1]?.count('later', ANNA);
  await expect
    .poll(() =>
      later().then(
        () => 'counted',
        () => 'refused',
      ),
    )
    .toBe('counted');
  await expect(later()).rejects.toMatchObject({ problem: { kind: 'RATE_LIMITED' } });

  const db = queriesOf(url);
  const keys = await db.selectFrom('permit').select('key').execute();
  await db.destroy();
  expect(keys.map(({ key }) => key).join()).not.toMatch(/5550100/);
});
