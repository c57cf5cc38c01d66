import { attr, type BinaryNode, node, SERVER, seconds } from '../wire/stanza.js';
import { jidOf } from '../world/accounts.js';
import type { Account, ClientConnection, Device, World } from '../world/world.js';
import type { Backlog } from './iq-plan.js';

/**
 * Tells every companion but `exceptDevice` that something of the account changed: at once where it is connected, and
 * with its backlog where it is not. Kept until acked, and sent again on the next login until then.
 */
export function notifyDevices(
  world: World,
  account: Account,
  change: BinaryNode,
  exceptDevice?: number,
): void {
  for (const device of account.devices.values()) {
    if (device.id === exceptDevice) continue;
    const attrs = { from: jidOf(account), type: 'account_sync', id: world.nextId(), t: seconds() };
    const notification = node('notification', attrs, [change]);
    device.unacked.push(notification);
    if (device.connection?.ready) device.connection.send(notification);
    else if (!device.connection) device.dirty.add(change.tag);
  }
  world.changed();
}

/** What is sent after login: `<dirty>`, then the backlog, as `offline_preview`, notifications, `offline`. */
export function backlogOf(world: World, device: Device, connection: ClientConnection): Backlog {
  let announced = false;
  let sent = false;
  const ib = (content: BinaryNode) => connection.send(node('ib', { from: SERVER }, [content]));
  const backlog: Backlog = {
    start() {
      if (announced) return;
      announced = true;
      if (device.dirty.size) {
        const attrs = { type: 'account_sync', timestamp: seconds() };
        ib(
          node(
            'dirty',
            attrs,
            [...device.dirty].map(protocol => node(protocol)),
          ),
        );
      }
      const count = device.unacked.length;
      if (count === 0) return backlog.send();
      ib(
        node('offline_preview', {
          count: `${count}`,
          notification: `${count}`,
          message: '0',
          receipt: '0',
          appdata: '0',
        }),
      );
      if (world.behaviour.offlineBatch === 'not_awaited') backlog.send();
    },
    send() {
      if (!announced || sent) return;
      sent = true;
      connection.ready = true;
      const waiting = [...device.unacked];
      waiting.forEach(({ tag, attrs, content }, index) => {
        connection.send({ tag, attrs: { ...attrs, offline: `${index}` }, ...(content && { content }) });
      });
      ib(node('offline', { count: `${waiting.length}` }));
    },
  };
  return backlog;
}

/** Takes note of an ack of a notification. */
export function forgetAcked(world: World, device: Device, ack: BinaryNode): void {
  const index = device.unacked.findIndex(one => attr(one, 'id') === attr(ack, 'id'));
  if (index < 0) return;
  device.unacked.splice(index, 1);
  world.changed();
}
