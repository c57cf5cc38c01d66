import type { Effect, Moment } from '../world/faults.js';
import type { ClientConnection } from '../world/world.js';

/** Does what the effect does at this moment; false when the stanza is not handled any further. */
export function inject(
  connection: ClientConnection,
  effect: Effect,
  moment: Moment,
): boolean | Promise<boolean> {
  if (!('moment' in effect ? effect.moment === moment : moment === 'before_apply')) return true;
  switch (effect.do) {
    case 'silence':
      return false;
    case 'close':
      connection.end();
      return false;
    case 'reset':
      connection.reset();
      return false;
    case 'half_open':
      connection.mute();
      return false;
    case 'stream_error':
      connection.streamError(effect.code, effect.conflict);
      return false;
    case 'failure':
      connection.fail(effect);
      return false;
    case 'undecodable':
    case 'undecryptable':
    case 'bomb':
    case 'overlong':
      connection.sendGarbage(effect.do);
      return true;
    case 'send':
      connection.send(effect.stanza);
      if (effect.next === 'close') connection.end();
      return (effect.next ?? 'go_on') === 'go_on';
    case 'delay':
    case 'late':
      return held(connection, effect.ms);
    case 'refuse':
    case 'refuse_category':
    case 'lie':
    case 'phone':
    case 'reply':
    case 'http':
    case 'two_in_one':
      return true;
  }
}

/** Waits so long; no longer than until the device logs in again, for the server handles what came before that first. */
function held({ owner }: ClientConnection, ms: number): Promise<true> {
  const { promise, resolve } = Promise.withResolvers<true>();
  const goOn = () => {
    clearTimeout(timer);
    owner?.device.held.delete(goOn);
    resolve(true);
  };
  const timer = setTimeout(goOn, ms).unref();
  owner?.device.held.add(goOn);
  return promise;
}
