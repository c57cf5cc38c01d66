import {
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  type WASocket,
} from '@whiskeysockets/baileys';

export const category = (name: string, value: string): BinaryNode => ({
  tag: 'category',
  attrs: { name, value },
});

export const privacyIq = (type: 'get' | 'set', privacy?: BinaryNode): BinaryNode => ({
  tag: 'iq',
  attrs: { to: '@s.whatsapp.net', type, xmlns: 'privacy' },
  ...(privacy && { content: [privacy] }),
});

/** Reads the settings with an own IQ: Baileys' function caches. */
export async function getPrivacy(sock: WASocket): Promise<Record<string, string>> {
  const reply: BinaryNode = await sock.query(privacyIq('get', { tag: 'privacy', attrs: {} }), 20_000);
  const categories = getBinaryNodeChildren(getBinaryNodeChild(reply, 'privacy'), 'category');
  return Object.fromEntries(categories.map(({ attrs }) => [attrs['name'] ?? '', attrs['value'] ?? '']));
}

/** Sends one set IQ and gives the reply as it came. */
export const sendSet = (
  sock: WASocket,
  values: Record<string, string>,
  timeoutMs = 20_000,
): Promise<BinaryNode> =>
  sock.query(
    privacyIq('set', {
      tag: 'privacy',
      attrs: {},
      content: Object.entries(values).map(([name, value]) => category(name, value)),
    }),
    timeoutMs,
  );

/** Sends one set IQ and gives the categories of the reply. */
export const setPrivacy = async (sock: WASocket, values: Record<string, string>): Promise<BinaryNode[]> =>
  getBinaryNodeChildren(getBinaryNodeChild(await sendSet(sock, values), 'privacy'), 'category');
