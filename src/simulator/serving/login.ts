import { randomBytes } from 'node:crypto';
import type { proto } from '@whiskeysockets/baileys';
import { iqRoute } from '../answers/iq-routes.js';
import { removeDevice } from '../answers/remove-device.js';
import { deliveryTo } from '../queue/delivery.js';
import { attr, child, isReply, node, SERVER, seconds } from '../wire/stanza.js';
import { lidOf } from '../world/accounts.js';
import { inactiveDevices, showSign, takePresence } from '../world/inactivity.js';
import type { ClientConnection, StanzaHandler, World } from '../world/world.js';
import { answerIq } from './answer-iq.js';

/** Serves a client with credentials: checks them, says `success` and answers until it goes. */
export function login(
  world: World,
  connection: ClientConnection,
  payload: proto.ClientPayload,
): StanzaHandler {
  const account = world.accounts.get(String(payload.username));
  const device = account?.devices.get(payload.device ?? 0);
  if (!account || !device?.noiseKey.equals(connection.noiseKey)) {
    connection.fail({ reason: 401 });
    return { receive: () => undefined, closed: () => undefined };
  }
  if (inactiveDevices(world, account).includes(device)) {
    removeDevice(world, account, device.id);
    connection.fail({ reason: 401 });
    return { receive: () => undefined, closed: () => undefined };
  }
  const ended = world.sessions.begin(account.phoneNumber, {
    connection: connection.id,
    device: device.id,
    target: connection.target,
  });
  device.connection?.streamError(undefined, 'replaced');
  for (const goOn of Array.from(device.held)) goOn(); // Each takes itself out of the set.
  device.connection = connection;
  device.isAvailable = false;
  showSign(world, device, 'connection');
  connection.owner = { account, device };
  device.delivery?.stop();
  const delivery = deliveryTo(world, account, device, connection);
  device.delivery = delivery;

  connection.send(
    node('success', {
      t: seconds(),
      lid: lidOf(account, device.id),
      display_name: account.name,
      props: '27',
      abprops: '0',
      location: 'sim',
      companion_enc_static: randomBytes(32).toString('base64'),
    }),
  );
  tellExpiration(world, connection);
  if (world.behaviour.edgeRouting) {
    const info = node('routing_info', {}, Buffer.from([8, 8, account.devices.size]));
    connection.send(node('ib', { from: SERVER }, [node('edge_routing', {}, [info])]));
  }
  // A passive client says when it wants its queue.
  if (!payload.passive) delivery.start();

  return {
    receive(stanza) {
      switch (stanza.tag) {
        case 'iq':
          if (isReply(stanza)) break; // No question is left for it.
          void answerIq(connection, world, stanza, () =>
            iqRoute({ world, account, device, iq: stanza, delivery }),
          );
          break;
        case 'ack':
        case 'receipt':
          delivery.answered(stanza);
          break;
        case 'presence':
          takePresence(world, device, stanza);
          break;
        case 'ib': {
          const batch = child(stanza, 'offline_batch');
          if (batch) delivery.asked(Number(attr(batch, 'count')) || 0);
          break;
        }
        default:
          // Whatever else a client sends is kept in the log and has no effect.
          break;
      }
    },
    closed() {
      ended();
      delivery.stop();
      if (device.connection !== connection) return;
      device.connection = undefined;
      device.delivery = undefined;
      device.isAvailable = false;
    },
  };
}

function tellExpiration({ behaviour: { clientExpiration } }: World, connection: ClientConnection): void {
  if (clientExpiration === 'untold') return;
  const t = clientExpiration === 'withdrawn' ? undefined : String(clientExpiration);
  connection.send(node('ib', { from: SERVER }, [node('client_expiration', { t })]));
}
