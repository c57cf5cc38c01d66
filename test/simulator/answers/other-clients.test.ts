import type { BinaryNode, WASocket } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { closing, dial, newClient, received, startLinked } from '../support/baileys.js';

let stage: Awaited<ReturnType<typeof startLinked>>;
// Before each, for linking polls, which only a test may do.
beforeEach(async () => {
  stage = await startLinked();
  stage.simulator.addPerson({ phoneNumber: '15550100002', lid: '222' });
  stage.simulator.addPerson({ phoneNumber: '15550100003', lid: null });
});
afterEach(async () => {
  await stage.sock.end(undefined);
  await stage.simulator.stop();
});

const query = (sock: WASocket, type: string, xmlns: string, ...content: BinaryNode[]) =>
  sock.query({ tag: 'iq', attrs: { to: '@s.whatsapp.net', type, xmlns }, content });
const part = (
  tag: string,
  attrs: Record<string, string> = {},
  content?: BinaryNode['content'],
): BinaryNode => ({
  tag,
  attrs,
  ...(content !== undefined && { content }),
});
const inside = (node: BinaryNode | undefined, ...path: string[]): BinaryNode[] =>
  path.reduce<BinaryNode[]>(
    (nodes, tag) =>
      nodes.flatMap(({ content }) =>
        Array.isArray(content) ? content.filter(child => child.tag === tag) : [],
      ),
    node ? [node] : [],
  );

test('the server names itself as a JID, not as a word', async () => {
  const sock = dial(stage.simulator, newClient());
  const { attrs } = await received(sock, 'CB:iq,type:set,pair-device');
  expect(attrs['from']).toBe('@s.whatsapp.net');
  await sock.end(undefined);
});

describe('usync', () => {
  const who = async (mode: Record<string, string>, ...contacts: string[]) => {
    const users = contacts.map(contact => part('user', {}, [part('contact', {}, Buffer.from(contact))]));
    const usync = part(
      'usync',
      { sid: '1', mode: 'query', last: 'true', index: '0', context: 'interactive' },
      [part('query', {}, [part('contact', mode)]), part('list', {}, users)],
    );
    const answer = await query(stage.sock, 'get', 'usync', usync);
    return inside(answer, 'usync', 'list', 'user').map(({ attrs }) => attrs);
  };

  test('takes numbers with and without a server, and answers JIDs only', async () => {
    const contacts = ['+15550100002', '+15550100002@c.us', '15550100003@s.whatsapp.net', '+15550100999@c.us'];
    expect(await who({}, ...contacts)).toEqual([
      { jid: '15550100002@s.whatsapp.net' },
      { jid: '15550100002@s.whatsapp.net' },
      { jid: '15550100003@s.whatsapp.net' },
      { jid: '15550100999@s.whatsapp.net' },
    ]);
    expect(await who({}, 'nobody')).toEqual([{}]);
  });

  test('answers LIDs to those who ask for them, where there is one', async () => {
    expect(await who({ addressing_mode: 'lid' }, '+15550100002', '+15550100003')).toEqual([
      { jid: '222@lid', pn_jid: '15550100002@s.whatsapp.net' },
      { jid: '15550100003@s.whatsapp.net' },
    ]);
  });
});

test('a blocklist is changed by one contact, by LID and one more identifier, and answered whole', async () => {
  const set = (action: string, attrs: Record<string, string>) =>
    query(stage.sock, 'set', 'blocklist', part('item', { action, ...attrs }));
  const person = { jid: '222@lid', pn_jid: '15550100002@s.whatsapp.net' };
  expect(inside(await set('block', person), 'list', 'item').map(({ attrs }) => attrs)).toEqual([person]);
  expect(stage.phone.blocked()).toEqual(['15550100002']);
  expect(inside(await query(stage.sock, 'get', 'blocklist'), 'list', 'item')).toHaveLength(1);
  await expect(set('block', { jid: '15550100002@s.whatsapp.net' })).rejects.toThrow('bad-request');
  await expect(set('block', { jid: '222@lid' })).rejects.toThrow('bad-request');
  expect(inside(await set('unblock', { jid: '222@lid' }), 'list', 'item')).toEqual([]);
  expect(stage.phone.blocked()).toEqual([]);
});

test.each(['pix', 'linked_profiles'])('%s has a list', async name => {
  stage.phone.setPrivacy(name, 'contact_blacklist');
  stage.phone.exceptContacts(name, ['15550100002']);
  const privacy = part('privacy', { addressing_mode: 'lid' }, [
    part('list', { name, value: 'contact_blacklist' }),
  ]);
  const answer = await query(stage.sock, 'get', 'privacy', privacy);
  expect(inside(answer, 'privacy', 'list', 'user').map(({ attrs }) => attrs['jid'])).toEqual(['222@lid']);
});

describe('a client that is told to restart', () => {
  test('has the end of the stream after it, and closes itself', async () => {
    const ended = received(stage.sock, 'CB:xmlstreamend');
    const closed = closing(stage.sock);
    stage.phone.streamError(515);
    expect(await ended).toMatchObject({ tag: 'xmlstreamend' });
    expect(await closed).toBe(515);
  });
});
