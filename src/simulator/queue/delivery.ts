import { clock } from '../../domain/time/clock.js';
import { attr, type BinaryNode, node, SERVER, seconds } from '../wire/stanza.js';
import type { Account, ClientConnection, Delivery, Device, World } from '../world/world.js';
import { verdictOn } from './settling.js';

/** So many stanzas come before the client has asked for any. */
const PRIMER = 5;

/** The tags that the announcement of a queue counts. */
const COUNTED = ['message', 'receipt', 'notification', 'call', 'appdata', 'status'] as const;

/**
 * Delivers to a connected device what is kept for it: on the client's word `<dirty>`, `offline_preview` and a primer, then
 * as many more as it asks for each time, then `offline`, and from there on everything at once.
 */
export function deliveryTo(
  world: World,
  account: Account,
  device: Device,
  connection: ClientConnection,
): Delivery {
  /** When each was sent on this connection. */
  const sent = new Map<BinaryNode, number>();
  let isAnnounced = false;
  let hasAsked = false;
  let room = 0;
  let offered = 0;
  let unasked: NodeJS.Timeout | undefined;
  let recycling: NodeJS.Timeout | undefined;
  const ib = (content: BinaryNode) => connection.send(node('ib', { from: SERVER }, [content]));

  function send(stanza: BinaryNode, offline?: number) {
    const { tag, attrs, content } = stanza;
    const place = offline === undefined ? {} : { offline: `${offline}` };
    connection.send({ tag, attrs: { ...attrs, ...place }, ...(content && { content }) });
    sent.set(stanza, clock());
    recycling ??= setTimeout(recycle, world.behaviour.owedEndsStreamMs).unref();
  }

  /** Ends the stream for what has had no answer for too long, and names the first of it. */
  function recycle() {
    recycling = undefined;
    const owed = [...sent].find(([stanza]) => device.unacked.includes(stanza));
    if (!owed) return;
    const [stanza, sentAt] = owed;
    const leftMs = sentAt + world.behaviour.owedEndsStreamMs - clock();
    if (leftMs > 1) {
      recycling = setTimeout(recycle, leftMs).unref();
      return;
    }
    const { id, type } = stanza.attrs;
    connection.send(node('stream:error', {}, [node('ack', { class: stanza.tag, id, type })]));
    connection.send(node('xmlstreamend'));
    connection.end();
  }

  /** Sends what there is room for, up to a story that was refused. */
  function deliver() {
    if (!isAnnounced || connection.ready) return;
    for (const stanza of device.unacked) {
      if (!sent.has(stanza)) {
        if (room <= 0) return;
        room--;
        send(stanza, offered++);
      }
      if (device.refused.has(stanza)) return;
    }
    connection.ready = true;
    ib(node('offline', { count: `${offered}` }));
  }

  function grant(count: number) {
    if (world.behaviour.offlineBatch === 'withheld') return;
    room += count;
    deliver();
  }

  return {
    start() {
      if (isAnnounced) return;
      isAnnounced = true;
      if (device.dirty.size > 0) {
        const parts = [...device.dirty].map(part => node(part));
        ib(node('dirty', { type: 'account_sync', timestamp: seconds() }, parts));
      }
      const { offlineBatch, unaskedMs } = world.behaviour;
      if (device.unacked.length > 0) ib(node('offline_preview', countsOf(device.unacked)));
      room = offlineBatch === 'not_awaited' ? Number.POSITIVE_INFINITY : PRIMER;
      // Of clients that never ask nobody reports that their queues stay (whatsmeow).
      unasked = setTimeout(() => {
        if (!hasAsked) grant(Number.POSITIVE_INFINITY);
      }, unaskedMs).unref();
      deliver();
    },
    asked(count) {
      hasAsked = true;
      grant(count);
    },
    added(stanza) {
      if (connection.ready) send(stanza);
      else deliver();
    },
    answered(answer) {
      for (const stanza of device.unacked.filter(one => attr(one, 'id') === attr(answer, 'id'))) {
        const verdict = verdictOn(world.behaviour, account, stanza, answer);
        if (verdict === 'refused') device.refused.add(stanza);
        if (verdict !== 'settled') continue;
        device.unacked.splice(device.unacked.indexOf(stanza), 1);
        device.refused.delete(stanza);
        sent.delete(stanza);
        world.changed();
        deliver();
      }
    },
    stop() {
      clearTimeout(unasked);
      clearTimeout(recycling);
    },
  };
}

function countsOf(stanzas: readonly BinaryNode[]): Record<string, string> {
  const counts = COUNTED.map(tag => [tag, `${stanzas.filter(stanza => stanza.tag === tag).length}`]);
  return { count: `${stanzas.length}`, ...Object.fromEntries(counts) };
}
