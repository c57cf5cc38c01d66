// Writes the bill of materials of what runs in production. Not by `npm sbom --omit=dev` in place: that leaves out what
// packages for development need as well, direct dependencies of ours among them. So npm is shown a package without any.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const read = file => JSON.parse(readFileSync(file, 'utf8'));
const { devDependencies: _, scripts: __, ...manifest } = read('package.json');
const lock = read('package-lock.json');
delete lock.packages[''].devDependencies;
lock.packages = Object.fromEntries(Object.entries(lock.packages).filter(([, { dev }]) => !dev));

const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-sbom-'));
try {
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  const command = 'npm sbom --package-lock-only --sbom-format=spdx';
  const { status, stdout, stderr } = spawnSync(command, { cwd: folder, shell: true, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  writeFileSync('sbom.spdx.json', stdout);
} finally {
  rmSync(folder, { recursive: true });
}
