import { setTimeout as sleep } from 'node:timers/promises';
import { type BinaryNode, buildAckStanza } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Phone, Simulator } from '../../../src/simulator/index.js';
import { type Client, dial, startLinked } from '../support/baileys.js';

const CONTACT = '15550100002@s.whatsapp.net';
const STORIES = 'status@broadcast';

let simulator: Simulator;
let phone: Phone;
let client: Client;
beforeEach(async () => {
  const linked = await startLinked();
  ({ simulator, phone, client } = linked);
  await linked.sock.end(undefined);
  await expect.poll(() => phone.devices()).toMatchObject([{ connected: false }]);
});
afterEach(() => simulator.stop());

const message = (id: string, attrs: Record<string, string> = {}): BinaryNode => ({
  tag: 'message',
  attrs: { id, from: CONTACT, type: 'text', ...attrs },
});
const queue = (count: number) => {
  for (let index = 0; index < count; index++) phone.deliver(message(`m${index}`));
};

/**
 * A client that does nothing by itself but log in, and does with each stanza of the queue, and with what is said of the
 * queue, as the test says.
 */
function connect(onStanza: (stanza: BinaryNode, sock: ReturnType<typeof dial>) => unknown = () => {}) {
  const sock = dial(simulator, client);
  const heard: BinaryNode[] = [];
  for (const event of ['CB:ib,,offline_preview', 'CB:message', 'CB:receipt', 'CB:call', 'CB:notification'])
    sock.ws.removeAllListeners(event);
  sock.ws.on('frame', (frame: BinaryNode | Uint8Array) => {
    if (frame instanceof Uint8Array || frame.tag === 'iq' || frame.tag === 'success') return;
    heard.push(frame);
    void onStanza(frame, sock);
  });
  const tell = (node: BinaryNode) => sock.sendNode(node);
  return {
    sock,
    heard,
    tell,
    ask: (count: number) =>
      tell({ tag: 'ib', attrs: {}, content: [{ tag: 'offline_batch', attrs: { count: `${count}` } }] }),
    ids: () => heard.filter(({ tag }) => tag === 'message').map(({ attrs }) => attrs['id']),
    /** What the `<ib>`s held. */
    bulletins: () =>
      heard.flatMap(({ tag, content }) => (tag === 'ib' && Array.isArray(content) ? content : [])),
  };
}

const names = (nodes: readonly BinaryNode[]) => nodes.map(({ tag }) => tag);
const ack = (stanza: BinaryNode, error?: number) => buildAckStanza(stanza, error);

describe('a queue', () => {
  test('is announced by class, primed with five, and delivered as asked, to its end', async () => {
    queue(12);
    phone.setPrivacy('last', 'none');
    phone.deliver({ tag: 'status', attrs: { id: 's1', from: STORIES } });
    phone.deliver({ tag: 'call', attrs: { id: 'c1', from: CONTACT } });
    simulator.behaviour.unaskedMs = 600_000;
    simulator.behaviour.compression = 'never'; // Baileys would hear compressed ones later.
    const { ids, ask, bulletins, heard } = connect();
    await expect.poll(() => ids()).toHaveLength(5);
    expect(bulletins()).toMatchObject([
      { tag: 'dirty' },
      {
        tag: 'offline_preview',
        attrs: {
          count: '15',
          message: '12',
          receipt: '0',
          notification: '1',
          call: '1',
          appdata: '0',
          status: '1',
        },
      },
    ]);
    await ask(4);
    await expect.poll(() => ids()).toHaveLength(9);
    await ask(200);
    await expect.poll(() => names(bulletins())).toContain('offline');
    const delivered = heard.filter(({ attrs }) => attrs['offline'] !== undefined);
    expect(delivered.map(({ attrs }) => Number(attrs['offline']))).toEqual([...Array(15).keys()]);
    expect(bulletins().at(-1)?.attrs).toEqual({ count: '15' });
    phone.deliver(message('live'));
    await expect.poll(() => ids()).toHaveLength(13);
    expect(heard.at(-1)?.attrs['offline']).toBeUndefined();
  });

  test('comes in the end to a client that never asks, and so does what follows', async () => {
    simulator.behaviour.unaskedMs = 300;
    queue(30);
    const { ids, bulletins } = connect();
    await expect.poll(() => ids()).toHaveLength(30);
    await expect.poll(() => names(bulletins())).toContain('offline');
    phone.deliver(message('live'));
    await expect.poll(() => ids()).toHaveLength(31);
  });

  test('waits for ever when a client asks once and not again', async () => {
    queue(30);
    const { ids, bulletins, sock } = connect(({ content }, { sendNode }) => {
      const isPreview = Array.isArray(content) && content[0]?.tag === 'offline_preview';
      if (isPreview)
        return sendNode({
          tag: 'ib',
          attrs: {},
          content: [{ tag: 'offline_batch', attrs: { count: '10' } }],
        });
      return undefined;
    });
    await expect.poll(() => ids()).toHaveLength(15);
    phone.deliver(message('live'));
    await sleep(simulator.behaviour.unaskedMs + 200);
    await sock.query({ tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' } });
    expect(ids()).toHaveLength(15);
    expect(names(bulletins())).not.toContain('offline');
  });

  test('is sent again at each login until every stanza is answered as it must be', async () => {
    const own = `${phone.phoneNumber}@s.whatsapp.net`;
    const fanOut = message('own', { from: own, recipient: CONTACT });
    phone.deliver(message('plain'));
    phone.deliver(fanOut);
    phone.deliver(message('received'));
    phone.deliver(message('again'));
    phone.deliver({ tag: 'receipt', attrs: { id: 'r1', from: CONTACT, recipient: own } });
    const first = connect();
    await expect.poll(() => names(first.bulletins())).toContain('offline');
    const reply = (stanza: BinaryNode) => ack(stanza);
    const receipt = (id: string, type?: string) => ({
      tag: 'receipt',
      attrs: { id, to: CONTACT, ...(type && { type }) },
    });
    await first.tell(reply(message('plain')));
    await first.tell(reply(fanOut)); // An ack does not count for one's own message.
    await first.tell(receipt('received'));
    await first.tell(receipt('again', 'retry'));
    // Not routed without its recipient.
    await first.tell(reply({ tag: 'receipt', attrs: { id: 'r1', from: CONTACT } }));
    await expect.poll(() => phone.owed().map(({ id }) => id)).toEqual(['own', 'again', 'r1']);
    await first.sock.end(undefined);

    const second = connect();
    await expect.poll(() => second.ids()).toEqual(['own', 'again']);
    await second.tell({
      tag: 'receipt',
      attrs: { id: 'own', to: own, type: 'sender', recipient: CONTACT },
    });
    await second.tell(reply(message('again')));
    await second.tell(reply({ tag: 'receipt', attrs: { id: 'r1', from: CONTACT, recipient: own } }));
    await expect.poll(() => phone.owed()).toEqual([]);
  });

  test('stops behind a story that is answered with an error, at every login, until it is not', async () => {
    phone.deliver(message('story', { from: STORIES, participant: CONTACT }));
    queue(8);
    for (let login = 0; login < 2; login++) {
      const { ids, ask, sock, tell, bulletins } = connect(stanza =>
        stanza.attrs['id'] === 'story' ? tell(ack(stanza, 500)) : undefined,
      );
      await expect.poll(() => simulator.findStanzas({ tag: 'ack' })).toHaveLength(login + 1);
      await ask(200);
      await sock.query({ tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' } });
      expect(ids()).toHaveLength(login === 0 ? 5 : 1);
      expect(names(bulletins())).not.toContain('offline');
      await sock.end(undefined);
    }
    const { ids, ask, tell, bulletins } = connect();
    await expect.poll(() => ids()).toEqual(['story']);
    await ask(200);
    await tell(ack(message('story', { from: STORIES, participant: CONTACT })));
    await expect.poll(() => names(bulletins())).toContain('offline');
    await expect.poll(ids).toHaveLength(9);
  });
});

test('what an error does to a story, and an ack to an own message, can be otherwise', async () => {
  Object.assign(simulator.behaviour, { refusedStory: 'settled', ownMessageAck: 'settled' });
  const own = message('own', { from: `${phone.phoneNumber}@s.whatsapp.net`, recipient: CONTACT });
  const story = message('story', { from: STORIES, participant: CONTACT });
  phone.deliver(own);
  phone.deliver(story);
  const { bulletins, tell } = connect();
  await expect.poll(() => names(bulletins())).toContain('offline');
  await tell(ack(own));
  await tell(ack(story, 500));
  await expect.poll(() => phone.owed()).toEqual([]);
});

test('the stream ends when an answer is owed for too long, and names the stanza', async () => {
  simulator.behaviour.owedEndsStreamMs = 400;
  phone.deliver(message('answered'));
  phone.deliver({ tag: 'status', attrs: { id: 's1', from: STORIES, type: 'media' } });
  const { heard, tell, bulletins } = connect();
  await expect.poll(() => names(bulletins())).toContain('offline');
  await tell(ack(message('answered')));
  await expect.poll(() => names(heard)).toContain('xmlstreamend');
  const error = heard.find(({ tag }) => tag === 'stream:error');
  expect(error?.content).toMatchObject([{ tag: 'ack', attrs: { class: 'status', id: 's1', type: 'media' } }]);
});

test('a result or an error of a client’s gets no answer', async () => {
  const { sock, heard } = connect();
  await expect.poll(() => phone.devices()).toMatchObject([{ connected: true }]);
  const ids: (string | undefined)[] = [];
  sock.ws.on('frame', ({ attrs }: BinaryNode) => ids.push(attrs?.['id']));
  await sock.waitForSocketOpen();
  await expect.poll(() => names(heard)).toContain('ib');
  for (const type of ['result', 'error'])
    await sock.sendNode({ tag: 'iq', attrs: { to: '@s.whatsapp.net', type, id: `mine-${type}` } });
  await sock.query({ tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' } });
  expect(ids.filter(id => id?.startsWith('mine'))).toEqual([]);
});
