import { defineConfig } from 'vitest/config';
import { build, usual } from './vitest.config.js';

/** The clients in `clients/`, each against the built service; one whose toolchain is not installed is skipped. */
export default defineConfig({
  test: {
    ...usual,
    include: ['test/clients/clients.ts'],
    globalSetup: build,
    hookTimeout: 1_800_000, // A first build compiles what others wrote, too.
    maxWorkers: 1,
    maxConcurrency: 3,
    reporters: ['verbose'],
    disableConsoleIntercept: true,
  },
});
