import { type Account, jidOf, lidOf } from './accounts.js';
import type { Question } from './answers.js';
import { timerNode } from './disappearing-mode.js';
import type { Plan } from './iq.js';
import { attr, type BinaryNode, bytesOf, child, children, node, refusal, result, userOf } from './stanza.js';
import type { World } from './world.js';

/** Facts about users: whether they are on WhatsApp, their LID, their devices. */
export function usyncPlan({ world, iq }: Question): Plan {
  const usync = child(iq, 'usync');
  if (!usync) return { reply: () => refusal(iq, 400) };
  const protocols = children(child(usync, 'query')).map(({ tag }) => tag);
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
            children(child(usync, 'list'), 'user').map(user => userNode(world, user, protocols)),
          ),
        ]),
      ]),
  };
}

function userNode(world: World, user: BinaryNode, protocols: string[]): BinaryNode {
  const number = bytesOf(child(user, 'contact')).toString().replace(/^\+/, '') || userOf(attr(user, 'jid'));
  const account = [...world.accounts.values()].find(({ phoneNumber, lid }) =>
    [phoneNumber, lid].includes(number),
  );
  const facts = protocols.map(protocol => fact(protocol, account));
  const jid = account ? jidOf(account) : (attr(user, 'jid') ?? `${number}@s.whatsapp.net`);
  return node(
    'user',
    { jid },
    facts.filter(part => part !== undefined),
  );
}

function fact(protocol: string, account: Account | undefined): BinaryNode | undefined {
  if (protocol === 'contact') return node('contact', { type: account ? 'in' : 'out' });
  if (!account) return undefined;
  switch (protocol) {
    case 'lid':
      return node('lid', { val: lidOf(account) });
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
