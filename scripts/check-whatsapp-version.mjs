// Fails when the version of WhatsApp Web that a release would announce is old. Not among the checks of a change: it would
// turn every commit red some weeks later.
import { readFileSync } from 'node:fs';
import { FILE, tooOld, versionIn } from './whatsapp-version.ts';

const why = tooOld(versionIn(readFileSync(FILE, 'utf8')), new Date());
if (why) {
  console.error(why);
  process.exit(1);
}
