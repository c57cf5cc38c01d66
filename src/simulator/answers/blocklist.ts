import { notifyDevices } from '../queue/notifications.js';
import { attr, type BinaryNode, children, node, refusal, result, userOf } from '../wire/stanza.js';
import type { Person } from '../world/directory.js';
import type { World } from '../world/world.js';
import type { DeviceIq, IqPlan } from './iq-plan.js';

/*
 * The contacts that an account blocks (whatsmeow `user.go`, zapo, whatsapp-rust PR 600):
 *
 * get: <iq type="get" xmlns="blocklist"/>
 * set: <iq type="set" xmlns="blocklist"><item action="block|unblock" jid="{lid}@lid" pn_jid|username|…/></iq>, one item
 * both answer <list dhash><item jid pn_jid/>…</list>, the whole list; to block takes the LID and one other identifier
 */
const IDENTIFIERS = ['pn_jid', 'username', 'display_name', 'unknown_identifier'];

/** Reads the list, or changes it by one contact. */
export function blocklistPlan({ world, account, device, iq }: DeviceIq): IqPlan {
  const reply = () => result(iq, [listNode(world, account.blocked)]);
  if (attr(iq, 'type') === 'get') return { reply };
  const [item, ...more] = children(iq, 'item');
  const action = attr(item, 'action');
  const person = item && personOf(world, item);
  const isNamed = action === 'unblock' || IDENTIFIERS.some(name => attr(item, name) !== undefined);
  if (!item || more.length > 0 || !person || !isNamed || (action !== 'block' && action !== 'unblock'))
    return { reply: () => refusal(iq, 400) };
  return {
    apply() {
      if (action === 'block') account.blocked.add(person.phoneNumber);
      else account.blocked.delete(person.phoneNumber);
      world.changed();
    },
    reply,
    after: () => notifyDevices(world, account, node('blocklist', { action: 'modify' }), device.id),
  };
}

const personOf = ({ people }: World, item: BinaryNode): Person | undefined =>
  attr(item, 'jid')?.endsWith('@lid') ? people.byLid(userOf(attr(item, 'jid'))) : undefined;

function listNode({ people }: World, blocked: ReadonlySet<string>): BinaryNode {
  const items = [...blocked].flatMap(number => people.byPhoneNumber(number) ?? []);
  return node(
    'list',
    { dhash: blocked.size === 0 ? 'none' : [...blocked].sort().join('-') },
    items.map(({ phoneNumber, lid }) =>
      node('item', { jid: lid && `${lid}@lid`, pn_jid: `${phoneNumber}@s.whatsapp.net` }),
    ),
  );
}
