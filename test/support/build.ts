import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** What the build is made of. */
const SOURCES = [
  'src',
  'gen',
  'bench',
  'examples',
  'scripts',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.client.json',
];
/** What the build writes last. */
const BUILT = join(ROOT, 'dist/gen/descriptor.binpb');

/**
 * Builds the program before the tests that run it, once for all workers, unless nothing has changed since the last
 * build.
 */
export default function build(): void {
  if (existsSync(BUILT) && newest(SOURCES) < statSync(BUILT).mtimeMs) return;
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit', shell: true });
}

/** When the newest of these files, and of those in these folders, was written. */
function newest(paths: readonly string[]): number {
  const times = paths.flatMap(path => {
    const whole = join(ROOT, path);
    const stats = statSync(whole);
    if (!stats.isDirectory()) return stats.mtimeMs;
    // A folder's own time tells of files that are gone.
    return [stats.mtimeMs, newest(readdirSync(whole).map(name => join(path, name)))];
  });
  return Math.max(0, ...times);
}
