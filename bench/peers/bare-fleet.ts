// The process that fleets are held against: light Baileys sockets with a true signature check, and nothing around.
import { readFileSync } from 'node:fs';
import PQueue from 'p-queue';
import type { Identity } from '../stage/seed.js';
import { checkSignatures, dial } from './bare-socket.js';

const SIMULTANEOUS = 16;
const [url = '', rootKey = '', file = ''] = process.argv.slice(2);

checkSignatures(rootKey);
const identities: Identity[] = JSON.parse(readFileSync(file, 'utf8'));
const queue = new PQueue({ concurrency: SIMULTANEOUS });
const open = async (identity: Identity) => {
  await dial(url, identity);
  process.stdout.write('open\n');
};
await queue.addAll(identities.splice(0).map(identity => () => open(identity)));
// With none to dial the process stays all the same.
setInterval(() => undefined, 2 ** 31 - 1);
