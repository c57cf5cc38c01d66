import { expect, test } from 'vitest';
import { run } from './support/run.js';

test('the demo shows every step, and what each cost at WhatsApp', async () => {
  const { code, stdout, stderr } = await run(['demo', '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const steps = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  expect(steps.map(({ step }) => step.split(':')[0])).toEqual([
    'CreateInstance',
    'LinkInstance',
    'GetPrivacySettings',
    'UpdatePrivacySettings',
    'UpdatePrivacySettings',
    'UpdatePrivacySettings',
    'WatchPrivacySettings',
    'ApplyPrivacySettings',
  ]);
  const [seven, again, refused, watched, applied] = steps.slice(3);
  expect(seven.stanzas.changes).toBe(7);
  expect(again.stanzas.changes).toBe(0);
  expect(refused.result).toMatchObject({ error: { reason: 'PARTIAL_UPDATE' } });
  expect(watched.result).toMatchObject([{ snapshot: {} }, { change: { origin: 'ORIGIN_OTHER_DEVICE' } }]);
  expect(applied.result).toMatchObject([{ success: {} }, { success: {} }, { success: {} }]);
});
