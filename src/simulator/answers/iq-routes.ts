import {
  attr,
  type BinaryNode,
  child,
  children,
  deviceOf,
  node,
  refusal,
  result,
  userOf,
} from '../wire/stanza.js';
import { blocklistPlan } from './blocklist.js';
import { disappearingTimerPlan } from './disappearing-timer.js';
import type { DeviceIq, IqPlan } from './iq-plan.js';
import { preKeysPlan } from './pre-keys.js';
import { privacyPlan } from './privacy.js';
import { removeDevice } from './remove-device.js';
import { usyncPlan } from './usync.js';

/** How the server answers each namespace. One it does not know gets 501. */
const PLANS: Readonly<Record<string, (question: DeviceIq) => IqPlan>> = {
  privacy: privacyPlan,
  disappearing_mode: disappearingTimerPlan,
  encrypt: preKeysPlan,
  usync: usyncPlan,
  passive: ({ iq, delivery }) => ({
    reply: () => result(iq),
    after: () => child(iq, 'active') && delivery.start(),
  }),
  'w:p': ({ iq }) => ({ reply: () => result(iq) }),
  'w:stats': ({ iq }) => ({ reply: () => result(iq) }),
  abt: propsPlan,
  w: propsPlan,
  blocklist: blocklistPlan,
  md: removeDevicePlan,
  'urn:xmpp:whatsapp:dirty': ({ iq, device, world }) => ({
    apply() {
      if (attr(child(iq, 'clean'), 'type') === 'account_sync') device.dirty.clear();
      world.changed();
    },
    reply: () => result(iq),
  }),
  'w:sync:app:state': appStatePlan,
  'w:g2': ({ iq }) =>
    child(iq, 'participating') ? { reply: () => result(iq, [node('groups')]) } : unsupported(iq),
  status: ({ iq }) => ({ reply: () => refusal(iq, 404) }),
  'w:profile:picture': ({ iq }) => ({ reply: () => refusal(iq, 404) }),
};

export function iqRoute(question: DeviceIq): IqPlan {
  const { iq } = question;
  if (attr(iq, 'type') !== 'get' && attr(iq, 'type') !== 'set') return { reply: () => refusal(iq, 400) };
  return (PLANS[attr(iq, 'xmlns') ?? ''] ?? (() => unsupported(iq)))(question);
}

export const unsupported = (iq: BinaryNode): IqPlan => ({ reply: () => refusal(iq, 501) });

function propsPlan({ iq }: DeviceIq): IqPlan {
  const attrs = { protocol: '1', ab_key: '', hash: 'simulator', refresh: '86400', refresh_id: '0' };
  return { reply: () => result(iq, [node('props', attrs)]) };
}

/** A companion may take leave; it cannot remove others. */
function removeDevicePlan({ world, account, device, iq }: DeviceIq): IqPlan {
  const removal = child(iq, 'remove-companion-device');
  if (!removal) return unsupported(iq);
  const { jid } = removal.attrs;
  const isOwn = [account.phoneNumber, account.lid].includes(userOf(jid)) && deviceOf(jid) === device.id;
  if (!isOwn) return { reply: () => refusal(iq, 403) };
  return { reply: () => result(iq), after: () => removeDevice(world, account, device.id) };
}

/** App state is empty: no collection has a patch. */
function appStatePlan({ iq }: DeviceIq): IqPlan {
  const collections = children(child(iq, 'sync'), 'collection').map(collection => {
    const { name, version = '0' } = collection.attrs;
    return node('collection', { name, version, type: 'result', has_more_patches: 'false' });
  });
  return { reply: () => result(iq, [node('sync', {}, collections)]) };
}
