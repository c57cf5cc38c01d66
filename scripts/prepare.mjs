// After `npm install` in a checkout, for whoever installs from git, and before `npm pack`: builds, so that the command
// is there, and anew, so that nothing is packed whose source is gone. Without the development packages there is no
// compiler, and a production install brings its own build.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';

if (existsSync('node_modules/typescript')) {
  rmSync('dist', { recursive: true, force: true });
  process.exit(spawnSync('node scripts/build/build.mjs', { shell: true, stdio: 'inherit' }).status ?? 1);
}
