import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.js';

/** What holds for all tests. They talk to real sockets on a shared machine: a test may be slow, never depend on speed. */
export const usual = {
  testTimeout: 600_000,
  hookTimeout: 600_000,
  expect: { poll: { timeout: 60_000 } },
  pool: 'forks',
  // Most tests wait for something most of the time.
  maxWorkers: 3 * availableParallelism(),
} satisfies ViteUserConfig['test'];

/** Makes the build that the tests run. */
export const build = 'test/support/build.ts';

const SLOW = ['test/{faults,fire}/**/*.test.ts'];
/** They count what is left in the process, or change how all of it does I/O. */
const ALONE = [
  'test/soak/**/*.test.ts',
  'test/fire/{killed-starts,unreadable-start}.test.ts',
  'test/stores/database-thread.test.ts',
];
const PROGRAM = ['test/cli/**/*.test.ts', 'test/{examples,readme}.test.ts'];
/** Their client is Baileys as it is, not as `src/whatsapp` leaves it in the process. */
const PLAIN_BAILEYS = ['test/simulator/**/*.test.ts'];
/** They have a PostgreSQL server. */
const POSTGRES = [
  'test/stores/moving/**/*.test.ts',
  'test/stores/postgres/**/*.test.ts',
  'test/cluster/**/*.test.ts',
  'test/api/postgres.test.ts',
];
/** The service's own limits of time are their subject, or near: nothing runs beside them. */
const TIMED = ['test/api/{cut-off,large-list}.test.ts', 'test/access/token-timing.test.ts'];
/** The same, and slow: hundreds of instances, each with a watcher of all, fill a processor by themselves. */
const SLOW_TIMED = [
  'test/api/large-fleet.test.ts',
  'test/cluster/fire/{failover,rolling-restart,witness}.test.ts',
  'test/fire/stops.test.ts',
];
/** At length only, with configurations of their own. */
const AT_LENGTH = ['test/cluster/fire/faults.test.ts'];
const OTHERS = [...SLOW, ...ALONE, ...PROGRAM, ...PLAIN_BAILEYS, ...POSTGRES, ...TIMED, ...SLOW_TIMED];

/** In the order in which they run. Without isolation a worker loads the sources once for all its files. */
const PROJECTS: ViteUserConfig['test'][] = [
  { name: 'slow-alone', include: ALONE },
  { name: 'slow', include: SLOW, exclude: [...ALONE, ...SLOW_TIMED], isolate: false, globalSetup: build },
  { name: 'program', include: PROGRAM, isolate: false, globalSetup: build },
  { name: 'simulator', include: PLAIN_BAILEYS, isolate: false },
  {
    name: 'postgres',
    include: POSTGRES,
    exclude: [...SLOW_TIMED, ...AT_LENGTH],
    isolate: false,
    globalSetup: [build, 'test/support/postgres-server.ts'],
  },
  { name: 'rest', include: ['test/**/*.test.ts'], exclude: OTHERS, isolate: false },
  {
    name: 'timed',
    include: TIMED,
    fileParallelism: false,
    sequence: { groupOrder: 1 },
    globalSetup: build,
  },
  {
    name: 'slow-timed',
    include: SLOW_TIMED,
    fileParallelism: false,
    sequence: { groupOrder: 2 },
    globalSetup: build,
  },
];

export default defineConfig({
  test: {
    ...usual,
    sequence: { sequencer: LongestFirst },
    projects: PROJECTS.map(test => ({ extends: true, test: test ?? {} })),
  },
});
