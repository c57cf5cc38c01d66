// The seed's way on Baileys: settings set one after another with the library's own setters, then what it has in memory.
// Light sockets with a true signature check; without calls it is what a fleet is held against.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import PQueue from 'p-queue';
import type { Identity } from '../stage/seed.js';
import { checkSignatures, dial } from './bare-socket.js';

/** How many log in at the same time. */
const DIALS = 16;
const [url = '', rootKey = '', file = ''] = process.argv.slice(2);

type Socket = Awaited<ReturnType<typeof dial>>;
/** Each takes a type of its own, which the caller is trusted to keep to. */
const SETTERS: Readonly<Record<string, keyof Socket>> = {
  last: 'updateLastSeenPrivacy',
  status: 'updateStatusPrivacy',
  profile: 'updateProfilePicturePrivacy',
  online: 'updateOnlinePrivacy',
  readreceipts: 'updateReadReceiptsPrivacy',
  calladd: 'updateCallPrivacy',
  groupadd: 'updateGroupsAddPrivacy',
};
type Change = { readonly category: string; readonly value: string };

checkSignatures(rootKey);
const identities: Identity[] = JSON.parse(readFileSync(file, 'utf8'));
const sockets = new Map<string, Socket>();

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const end = (status: number, body: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  try {
    const socket = sockets.get(request.url?.replace('/accounts/', '') ?? '');
    if (!socket) throw new Error('no such account');
    if (request.method === 'PATCH')
      for (const { category, value } of (await json(request)) as Change[])
        await (socket[SETTERS[category] as keyof Socket] as (value: string) => Promise<void>)(value);
    end(200, await socket.fetchPrivacySettings());
  } catch (cause) {
    end(500, String(cause));
  }
}

const server = createServer((request, response) => void answer(request, response));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(`listening on 127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
});

const queue = new PQueue({ concurrency: DIALS });
const open = async (identity: Identity) => {
  sockets.set(identity.phoneNumber, await dial(url, identity));
  process.stdout.write('open\n');
};
await queue.addAll(identities.splice(0).map(identity => () => open(identity)));
