// What tsc leaves to do: the descriptor set for reflection, an executable bin, and its link for `npx wa-privacy`.
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';

mkdirSync('dist/gen', { recursive: true });
copyFileSync('gen/descriptor.binpb', 'dist/gen/descriptor.binpb');
chmodSync('dist/src/bin.js', 0o755);

const link = 'node_modules/.bin/wa-privacy';
if (existsSync('node_modules/.bin') && process.platform !== 'win32') {
  rmSync(link, { force: true });
  symlinkSync('../../dist/src/bin.js', link);
}
