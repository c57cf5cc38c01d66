import type { BinaryNode } from '@whiskeysockets/baileys';
import type { OfflineQueue } from '../../instances/ports/ports.js';
import type { Connection } from '../connection/connection.js';
import { childOf } from '../connection/nodes.js';

/** The stanza on which a queue stands still, as far as can be told from here. */
export type FirstPending = { readonly stanza: string | undefined; readonly id: string | undefined };

/**
 * Has WhatsApp send everything it kept while this device was away, and knows whether that has come to its end.
 *
 * after `active`       <ib><offline_preview count message notification …/></ib>, and some five stanzas with offline="0" …
 * to be asked for      <ib><offline_batch count="200"/></ib>: as many more; for each batch anew
 * at the end           <ib><offline count/></ib>; only then comes what happens now
 *
 * Asks as WhatsApp Web does: for the next batch when the last one has begun, at most every 100 ms (whatsapp-rust
 * `offline_resume.rs`).
 *
 * @param connection Its `open` fulfils when this device takes part.
 * @param pushTrustMs How long a read holds without a push, once the queue is drained.
 * @param onStall Is told once each time that the queue stands still.
 */
export function offlineQueue(
  connection: Pick<Connection, 'observe' | 'takeOver' | 'tell' | 'ended'> & { readonly open: Promise<void> },
  pushTrustMs: number,
  onStall: (pending: FirstPending) => void,
): OfflineQueue {
  let state: OfflineQueue['state'] = 'DELIVERING';
  let isOver = false;
  let asking: NodeJS.Timeout | undefined;
  let standing: NodeJS.Timeout | undefined;
  /** The first that got no answer WhatsApp is known to take, else the last that came. */
  let pending: { node: BinaryNode; isUnsettled: boolean } | undefined;
  const listeners: (() => void)[] = [];

  function enter(next: OfflineQueue['state']) {
    if (state === next) return;
    state = next;
    for (const changed of listeners) changed();
  }

  function ask() {
    asking = undefined;
    const batch = { tag: 'offline_batch', attrs: { count: BATCH } };
    void connection.tell({ tag: 'ib', attrs: {}, content: [batch] });
  }

  function moved() {
    if (isOver) return;
    enter('DELIVERING');
    if (standing) standing.refresh();
    else standing = setTimeout(stall, STALL_MS).unref();
  }

  /** Asks again, in case the last wish was not heard. */
  function stall() {
    standing?.refresh();
    ask();
    if (state === 'STALLED') return;
    enter('STALLED');
    onStall({ stanza: pending?.node.tag, id: pending?.node.attrs['id'] });
  }

  function stop() {
    clearTimeout(asking);
    clearTimeout(standing);
    asking = undefined;
    standing = undefined;
  }

  // Baileys' own asks for a single batch.
  connection.takeOver('CB:ib,,offline_preview', () => {
    moved();
    if (!asking) ask();
  });
  connection.observe((node, answer) => {
    if (node.attrs['offline'] !== undefined && node.tag !== 'ib') {
      const isSettled = node.tag === 'notification' || (answer !== undefined && !answer.attrs['error']);
      if (!pending?.isUnsettled) pending = { node, isUnsettled: !isSettled };
      if (isOver || state === 'DRAINED') return; // Said to be the end before: this one was on its way.
      moved();
      asking ??= setTimeout(ask, ASK_EVERY_MS).unref();
    } else if (node.tag === 'ib' && childOf(node, 'offline')) {
      stop();
      pending = undefined;
      enter('DRAINED');
    }
  });
  void connection.open.then(() => {
    if (state === 'DELIVERING') moved();
  });
  void connection.ended.then(() => {
    isOver = true;
    stop();
  });

  return {
    get state() {
      return state;
    },
    trustMs: () => (state === 'DRAINED' ? pushTrustMs : Math.min(pushTrustMs, UNDRAINED_TRUST_MS)),
    onChange: listener => void listeners.push(listener),
  };
}

const BATCH = '200';
const ASK_EVERY_MS = 100;
/** WhatsApp Web waits as long for the end of the queue. */
const STALL_MS = 60_000;
/** While it is not drained, changes made elsewhere may not be told. */
const UNDRAINED_TRUST_MS = 60_000;
