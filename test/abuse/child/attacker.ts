// A process that makes one attack for some seconds and tells how much it sent: it must not take the time of the test.

import type { Order, Report } from '../support/attacker.js';
import { ATTACKS } from '../support/attacks.js';

process.once('message', (order: Order) => void attack(order));

async function attack(order: Order) {
  const end = performance.now() + order.seconds * 1000;
  let sent = 0;
  const found = ATTACKS.find(({ name }) => name === order.attack);
  await found?.run({
    ...order,
    isOver: () => performance.now() > end,
    sent: units => {
      sent += units;
    },
  });
  process.send?.({ sent } satisfies Report);
  process.exit();
}
