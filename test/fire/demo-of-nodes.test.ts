import { expect, test } from 'vitest';
import { run } from '../cli/support/run.js';

/** A failover is over within 25 s on a quiet machine; the demo itself gives up after 60. */
const BOUND_MS = 300_000;

test('the demo of three nodes kills the one that runs the account, and the account goes on with one session at a time', {
  timeout: BOUND_MS,
}, async () => {
  const { code, stdout, stderr } = await run(['demo', '--nodes', '3', '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const steps = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  const [started, linked, read, changed, killed, after, seen] = steps;
  expect(steps).toHaveLength(7);
  expect(started.result.nodes.map(({ name }: { name: string }) => name)).toEqual([
    'node-1',
    'node-2',
    'node-3',
  ]);
  expect(linked.step).toContain('through node-1');
  expect(read.step).toContain('through node-2');
  expect(read.result.settings).toBeDefined();
  expect(changed.step).toContain('through node-3');
  expect(changed.result.outcomes).toMatchObject([{ state: 'STATE_APPLIED' }, { state: 'STATE_APPLIED' }]);
  expect(killed.step).toContain('is killed');
  const [, heir] = /: (node-\d) runs it now/.exec(after.step) ?? [];
  expect(killed.step).not.toContain(heir);
  expect(after.result.settings.visibility.lastSeen).toBe('LAST_SEEN_VISIBILITY_CONTACTS');
  expect(seen.result).toMatchObject({ devices: 1, overlapping: 0 });
  expect(seen.result.logins.length).toBeGreaterThan(1);
});

test('the demo of nodes says what is wrong with its flags before it starts anything', async () => {
  for (const flags of [
    ['--nodes', '1'],
    ['--nodes', 'three'],
    ['--database', 'postgres://localhost/wa'],
    ['--nodes', '3', '--keep'],
  ])
    expect(await run(['demo', ...flags])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--nodes'),
    });
  const place = await run(['demo', '--nodes', '2', '--database', 'mysql://localhost/wa']);
  expect(place).toMatchObject({ code: 2, stderr: expect.stringContaining('--database') });
});
