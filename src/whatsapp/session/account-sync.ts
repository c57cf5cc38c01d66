import { type BinaryNode, jidDecode, MIN_PREKEY_COUNT } from '@whiskeysockets/baileys';
import { plainAck } from '../connection/answers.js';
import type { Connection } from '../connection/connection.js';
import { childOf, childrenOf, iqStanza } from '../connection/nodes.js';
import type { DisappearingTimer } from '../privacy/disappearing-timer.js';

/** What happens to the account elsewhere: on the phone, on other devices, while this one was offline. */
export type AccountSync = {
  /** The mark of changes made while offline, until it is cleared. */
  readonly mark: string | undefined;
  /** Tells WhatsApp that the changes marked so are known now. */
  clear(mark: string): void;
};

/**
 * Calls `onPrivacyPush` when the settings changed, and acknowledges every notification, once.
 *
 * live or from the backlog   <notification type="account_sync" from id t><privacy>…</privacy></notification>
 *                            … <disappearing_mode duration="86400" t="…"/>, or action="modify" and no duration
 * when more was missed       <ib><dirty type="account_sync" timestamp="…">[<privacy/>…]</dirty></ib>
 *
 * The children of `dirty` name what changed; none means all (zapo `events/dirty.ts`). What `privacy` holds in a notification
 * is a part at most; WhatsApp Web reads all settings again.
 */
export function accountSync(
  connection: Connection,
  timer: Pick<DisappearingTimer, 'forget'>,
  onPrivacyPush: () => void,
): AccountSync {
  let mark: string | undefined;
  let uploads: Promise<unknown> = Promise.resolve();

  /** One after another: one that Baileys is told of during another is left out. */
  function uploadPreKeys(): Promise<void> {
    const upload = uploads.then(() => connection.uploadPreKeys());
    uploads = upload.catch(() => undefined); // Told to whoever waits for it.
    return upload;
  }

  function changed(parts: readonly string[]) {
    if (parts.includes('disappearing_mode')) timer.forget();
    if (parts.some(part => SETTINGS.includes(part))) onPrivacyPush();
  }

  connection.takeOver('CB:notification', async node => {
    const { type } = node.attrs;
    try {
      if (type === 'encrypt' && lacksPreKeys(node)) await uploadPreKeys();
      if (type === 'account_sync') changed(childrenOf(node).map(({ tag }) => tag));
    } finally {
      const ack = plainAck(node);
      if (ack) await connection.tell(ack);
    }
  });

  connection.takeOver('CB:ib,,dirty', node => {
    for (const dirty of childrenOf(node, 'dirty')) {
      if (dirty.attrs['type'] !== 'account_sync') continue;
      mark = dirty.attrs['timestamp'];
      const parts = childrenOf(dirty).map(({ tag }) => tag);
      changed(parts.length > 0 ? parts : SETTINGS);
    }
  });

  return {
    get mark() {
      return mark;
    },
    clear(known) {
      if (mark === known) mark = undefined;
      const clean = { tag: 'clean', attrs: { type: 'account_sync', timestamp: known } };
      void connection.sendIQ(iqStanza('set', 'urn:xmpp:whatsapp:dirty', clean), CLEAR_MS);
    },
  };
}

/**
 * `<notification type="encrypt" from="s.whatsapp.net"><count value="3"/></notification>`. Baileys reads WhatsApp's address with an
 * `@` in front where it was sent as a JID; only a user's has something before that.
 */
function lacksPreKeys(node: BinaryNode): boolean {
  const count = Number(childOf(node, 'count')?.attrs['value']);
  return !jidDecode(node.attrs['from'])?.user && count < MIN_PREKEY_COUNT;
}

/** The parts of an account that hold its settings. */
const SETTINGS: readonly string[] = ['privacy', 'disappearing_mode'];

/** Nobody waits for the answer. */
const CLEAR_MS = 10_000;
