import { attr, bytesOf, child, node, refusal, result } from '../wire/stanza.js';
import { digestNode, isSignedPreKeyValid, readPreKeys, readSignedPreKey } from '../world/key-bundle.js';
import type { DeviceIq, IqPlan } from './iq-plan.js';

/** A client makes more when the server has few, each for what it takes as few. */
const ENOUGH = 812;

/** Signal keys: how many the server has, more of them, a new signed one, and a digest to compare with. */
export function preKeysPlan({ world, device, iq }: DeviceIq): IqPlan {
  const { keys } = device;
  const refused = (code: number): IqPlan => ({ reply: () => refusal(iq, code) });
  const store = (change: () => void): IqPlan => ({
    apply() {
      change();
      world.changed();
    },
    reply: () => result(iq),
  });

  if (attr(iq, 'type') === 'get') {
    const count = world.behaviour.preKeys === 'not_asked' ? ENOUGH : keys.preKeys.size;
    if (child(iq, 'count')) return { reply: () => result(iq, [node('count', { value: `${count}` })]) };
    if (!child(iq, 'digest')) return refused(501);
    return count ? { reply: () => result(iq, [digestNode(keys)]) } : refused(404);
  }

  const rotate = child(iq, 'rotate');
  const signedPreKey = readSignedPreKey(child(rotate ?? iq, 'skey'));
  if (!isSignedPreKeyValid(keys.identityKey, signedPreKey)) return refused(400);
  if (rotate) {
    return store(() => {
      keys.signedPreKey = signedPreKey;
    });
  }
  const preKeys = readPreKeys(child(iq, 'list'));
  if (!preKeys || !bytesOf(child(iq, 'identity')).equals(keys.identityKey)) return refused(400);
  return store(() => {
    keys.signedPreKey = signedPreKey;
    for (const [id, key] of preKeys) keys.preKeys.set(id, key);
  });
}
