import type { BinaryNode } from '@whiskeysockets/baileys';
import { expect } from 'vitest';
import { linkDevice } from '../../support/link.js';
import { adapterTo, DESK, never, startAdapter } from './adapter.js';
import { type Client, scriptedServer } from './scripted-server.js';

export const node = (
  tag: string,
  attrs: Record<string, string> = {},
  ...content: BinaryNode[]
): BinaryNode => ({
  tag,
  attrs,
  ...(content.length > 0 && { content }),
});
export const resultOf = ({ attrs }: BinaryNode, ...content: BinaryNode[]) =>
  node('iq', { type: 'result', id: attrs['id'] ?? '', from: '@s.whatsapp.net' }, ...content);

/** Answers what a login asks; everything else is left to the test. */
function answerLogin(stanza: BinaryNode, client: Client) {
  const [child] = Array.isArray(stanza.content) ? stanza.content : [];
  if (stanza.attrs['xmlns'] === 'encrypt' && child?.tag === 'count') {
    client.send(resultOf(stanza, node('count', { value: '700' })));
  } else if (stanza.tag === 'iq' && ['encrypt', 'passive', 'w:p'].includes(stanza.attrs['xmlns'] ?? '')) {
    client.send(resultOf(stanza, node('digest')));
  }
}

/** Of all tests in this process: linking takes long. */
let stored: Promise<Buffer> | undefined;

async function linkOnce(): Promise<Buffer> {
  await using desk = await startAdapter();
  await linkDevice(desk, DESK, desk.phone);
  const linked = Buffer.from(desk.credentials.credentials.get(DESK) ?? []).toString();
  // With a name Baileys' own listener would send a presence at every update of the credentials.
  return Buffer.from(linked.replace('"me":{', '"me":{"name":"Desk",'));
}

export type ScriptedLogin = Awaited<ReturnType<typeof scriptedLogin>>;

/** A session with a server that answers the login, and leaves everything after it to the test. */
export async function scriptedLogin(onPrivacyPush: () => void = () => undefined) {
  stored ??= linkOnce();
  const credentials = await stored;
  const handlers: { onStanza: (stanza: BinaryNode) => void } = { onStanza: () => undefined };
  const server = await scriptedServer({
    onClient: opened => opened.send(node('success', { t: '1795392000', lid: '100000000000001:1@lid' })),
    onStanza(stanza, from) {
      answerLogin(stanza, from);
      handlers.onStanza(stanza);
    },
  });
  const adapter = adapterTo(server, { closeMs: 50 });
  adapter.credentials.credentials.set(DESK, credentials);
  const result = await adapter.connect(DESK, { signal: never(), onPrivacyPush });
  if (result.kind === 'failed') throw new Error(result.disconnect.text);
  const { session } = result;
  const client = server.clients[0] as Client;
  client.sent.length = 0;

  return {
    adapter,
    session,
    client,
    /** What a test does with each stanza that comes. */
    set onStanza(handler: (stanza: BinaryNode) => void) {
      handlers.onStanza = handler;
    },
    sentAs: (tag: string) => client.sent.filter(stanza => stanza.tag === tag),
    /** When WhatsApp's ping is answered, everything before it has been handled. */
    async settled() {
      const id = `ping-${Math.random()}`;
      client.send(node('iq', { type: 'get', xmlns: 'urn:xmpp:ping', id, from: '@s.whatsapp.net' }));
      await expect.poll(() => client.sent.some(({ attrs }) => attrs['id'] === id)).toBe(true);
    },
    async [Symbol.asyncDispose]() {
      await session.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
