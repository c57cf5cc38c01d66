import { defineConfig } from 'vitest/config';
import { usual } from './vitest.config.js';

const runs = process.env['FAULT_RUNS'] ?? '10000';

/** The tests with random faults at length: FAULT_RUNS updates drawn from FAULT_SEED. */
export default defineConfig({
  test: {
    ...usual,
    include: [
      'test/faults/{outcome-truth,list-truth,concurrent-updates,repetitions,revocations,link-races}.test.ts',
    ],
    env: { FAULT_RUNS: runs },
    testTimeout: Number(runs) * 1_000,
    maxWorkers: 1,
  },
});
