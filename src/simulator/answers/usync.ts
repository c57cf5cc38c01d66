import {
  attr,
  type BinaryNode,
  bytesOf,
  child,
  children,
  node,
  refusal,
  result,
  userOf,
} from '../wire/stanza.js';
import type { Person } from '../world/directory.js';
import type { World } from '../world/world.js';
import { timerNode } from './disappearing-timer.js';
import type { DeviceIq, IqPlan } from './iq-plan.js';

/** Facts about users: whether they are on WhatsApp, their LID, their devices. */
export function usyncPlan({ world, iq }: DeviceIq): IqPlan {
  const usync = child(iq, 'usync');
  if (!usync) return { reply: () => refusal(iq, 400) };
  const query = child(usync, 'query');
  const protocols = children(query).map(({ tag }) => tag);
  const byLid = attr(child(query, 'contact'), 'addressing_mode') === 'lid';
  return {
    reply: () =>
      result(iq, [
        node('usync', usync.attrs, [
          node(
            'result',
            {},
            protocols.map(protocol => node(protocol)),
          ),
          node(
            'list',
            {},
            children(child(usync, 'list'), 'user').map(user => userNode(world, user, protocols, byLid)),
          ),
        ]),
      ]),
  };
}

function userNode(world: World, user: BinaryNode, protocols: string[], byLid: boolean): BinaryNode {
  const asked = bytesOf(child(user, 'contact'));
  // `+15550100001`, and also `+15550100001@c.us` (whatsmeow).
  const name = asked.toString().replace(/^\+|@(c\.us|s\.whatsapp\.net)$/g, '') || userOf(attr(user, 'jid'));
  const person = world.people.byPhoneNumber(name) ?? world.people.byLid(name);
  const facts = protocols.map(protocol => fact(protocol, world, person, asked));
  return node(
    'user',
    jidsOf(person, name, attr(user, 'jid'), byLid),
    facts.filter(part => part !== undefined),
  );
}

/** With LIDs asked for, the LID where there is one; a JID only of what can be one. */
function jidsOf(person: Person | undefined, name: string, asked: string | undefined, byLid: boolean) {
  const number = person?.phoneNumber ?? (/^\d{5,15}$/.test(name) ? name : undefined);
  const pn = number === undefined ? undefined : `${number}@s.whatsapp.net`;
  if (byLid && person?.lid !== undefined) return { jid: `${person.lid}@lid`, pn_jid: pn };
  return { jid: person ? pn : (asked ?? pn) };
}

function fact(
  protocol: string,
  { accounts }: World,
  person: Person | undefined,
  asked: Buffer,
): BinaryNode | undefined {
  // The number comes back as it was asked for (whatsmeow reads it).
  if (protocol === 'contact') return node('contact', { type: person ? 'in' : 'out' }, asked);
  const lid = person?.lid;
  if (protocol === 'lid') return lid === undefined ? undefined : node('lid', { val: `${lid}@lid` });
  const account = person && accounts.get(person.phoneNumber);
  if (!account) return undefined;
  switch (protocol) {
    case 'disappearing_mode':
      return timerNode(account);
    case 'devices': {
      const ids = [0, ...account.devices.keys()];
      const devices = ids.map(id => node('device', { id: `${id}`, 'key-index': `${id}` }));
      return node('devices', {}, [node('device-list', {}, devices)]);
    }
    default:
      return undefined;
  }
}
