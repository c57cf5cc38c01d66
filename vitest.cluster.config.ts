import { defineConfig } from 'vitest/config';
import { build, usual } from './vitest.config.js';

const faults = process.env['CLUSTER_FAULTS'] ?? '1000';

/** Three nodes under faults at length: CLUSTER_FAULTS of them, drawn from FAULT_SEED. */
export default defineConfig({
  test: {
    ...usual,
    include: ['test/cluster/fire/faults.test.ts'],
    globalSetup: build,
    env: { CLUSTER_FAULTS: faults },
    testTimeout: 600_000 + Number(faults) * 20_000,
    maxWorkers: 1,
    disableConsoleIntercept: true,
  },
});
