import { defineConfig } from 'vitest/config';
import { build, usual } from './vitest.config.js';

/** What strangers do to the built service, ABUSE_SECONDS each; needs Linux, whose loopback has many addresses. */
export default defineConfig({
  test: {
    ...usual,
    include: ['test/abuse/abuse.ts'],
    globalSetup: build,
    maxWorkers: 1,
    disableConsoleIntercept: true,
  },
});
