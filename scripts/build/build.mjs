// Builds what has changed since it was built last: all, or with `program` only that.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fingerprint } from './fingerprint.mjs';

const BUILD = ['scripts/build', 'package.json', 'package-lock.json', 'src', 'gen'];

const PARTS = {
  /** What `wa-privacy` runs. */
  program: { sources: BUILD, make: async () => (await import('./bundle.mjs')).bundle() },
  /** What others import, the bench and the examples. */
  modules: {
    sources: [
      ...BUILD,
      'bench',
      'examples',
      'test/support/postgres-server.ts',
      ...['', '.build', '.client'].map(of => `tsconfig${of}.json`),
    ],
    make: async () => {
      for (const project of ['tsconfig.build.json', 'tsconfig.client.json'])
        execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project], {
          stdio: 'inherit',
        });
    },
  },
};

const [only] = process.argv.slice(2);
mkdirSync('dist', { recursive: true });
for (const [name, { sources, make }] of Object.entries(PARTS)) {
  if (only !== undefined && name !== only) continue;
  const stamp = `dist/.${name}`;
  const wanted = fingerprint(sources);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) continue;
  rmSync(stamp, { force: true }); // Also when the build does not come to its end.
  await make();
  writeFileSync(stamp, wanted);
}
