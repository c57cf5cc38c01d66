// What tsc leaves to do: the descriptor set for reflection, and an executable bin.
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';

mkdirSync('dist/gen', { recursive: true });
copyFileSync('gen/descriptor.binpb', 'dist/gen/descriptor.binpb');
chmodSync('dist/src/bin.js', 0o755);
