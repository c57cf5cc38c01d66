// Writes the newest version of WhatsApp Web that the npm package @wppconnect/wa-version lists into the constant that this
// service announces. The package holds the pages too, some 40 MB, so it is read here and is no dependency.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FILE, newestOf, versionIn, withVersion } from './whatsapp-version.ts';

const folder = mkdtempSync(join(tmpdir(), 'wa-version-'));
try {
  const packing = ['pack', '@wppconnect/wa-version@latest', '--pack-destination', folder, '--json'];
  const [{ filename }] = Object.values(JSON.parse(execFileSync('npm', packing, { encoding: 'utf8' })));
  const list = execFileSync('tar', ['-xOzf', join(folder, filename), 'package/versions.json'], {
    encoding: 'utf8',
    maxBuffer: Infinity,
  });
  const newest = newestOf(JSON.parse(list));
  const text = readFileSync(FILE, 'utf8');
  const isNewer = newest.revision > versionIn(text).revision;
  if (isNewer) writeFileSync(FILE, withVersion(text, newest));
  console.log(`2.3000.${newest.revision} of ${newest.releasedOn}${isNewer ? '' : ': it is there already'}`);
} finally {
  rmSync(folder, { recursive: true });
}
