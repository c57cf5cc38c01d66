// After `npm install` in a checkout: builds, so that `npx wa-privacy` works. Without the development packages there is
// no compiler, and a production install brings its own build.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

if (existsSync('node_modules/typescript')) {
  process.exit(spawnSync('npm run --silent build', { shell: true, stdio: 'inherit' }).status ?? 1);
}
