import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Changes when one of these files, or a file in one of these folders, does. */
export function fingerprint(paths) {
  const hash = createHash('sha256');
  for (const file of paths.flatMap(filesIn).sort()) {
    const content = readFileSync(file);
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

const filesIn = path =>
  statSync(path).isDirectory() ? readdirSync(path).flatMap(name => filesIn(join(path, name))) : [path];
