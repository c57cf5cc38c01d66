import { defineConfig } from 'vitest/config';
import { build, usual } from './vitest.config.js';

/** What ten minutes of mixed load leave behind, or SOAK_MINUTES of it. */
export default defineConfig({
  test: {
    ...usual,
    include: ['test/soak/memory.ts'],
    globalSetup: build,
    testTimeout: 3_600_000 + Number(process.env['SOAK_MINUTES'] ?? 10) * 60_000,
    maxWorkers: 1,
    disableConsoleIntercept: true,
  },
});
