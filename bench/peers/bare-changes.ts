// The process that updates are held against: settings changed one after another with Baileys' own methods, then read.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Identity } from '../stage/seed.js';
import { checkSignatures, dial } from './bare-socket.js';

const [url = '', rootKey = '', file = ''] = process.argv.slice(2);
checkSignatures(rootKey);
const [identity]: Identity[] = JSON.parse(readFileSync(file, 'utf8'));
if (!identity) throw new Error('no account to log in with');
const sock = await dial(url, identity);

/** Each takes a type of its own, which the lines below are trusted to keep to. */
const METHODS: Readonly<Record<string, (value: never) => Promise<void>>> = {
  last_seen: sock.updateLastSeenPrivacy,
  status: sock.updateStatusPrivacy,
  profile: sock.updateProfilePicturePrivacy,
  online: sock.updateOnlinePrivacy,
  read_receipts: sock.updateReadReceiptsPrivacy,
  call_add: sock.updateCallPrivacy,
  group_add: sock.updateGroupsAddPrivacy,
};

console.log('open');
for await (const line of createInterface(process.stdin)) {
  const started = performance.now();
  for (const assignment of line.split(' ')) {
    const [setting = '', value] = assignment.split('=');
    await METHODS[setting]?.(value as never);
  }
  await sock.fetchPrivacySettings(true);
  console.log(`took ${performance.now() - started}`);
}
