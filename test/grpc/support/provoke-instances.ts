import type { Effect } from '../../../src/simulator/index.js';
import type { CallOptions } from './invoke.js';
import type { ConditionName, Provoke } from './stage.js';

/** A valid call to the instance in this condition, with some fields otherwise. */
export const on =
  (condition: ConditionName, fields: object = {}, options?: CallOptions<object>): Provoke =>
  async ({ call, instance }, { method, request }) =>
    call(method, { ...request((await instance(condition)).instance, ''), ...fields }, options);

export const onUnlinked =
  (options?: CallOptions<object>): Provoke =>
  async ({ call, unlinked }, { method, request }) =>
    call(method, request(await unlinked(), ''), options);

/** On a node whose client WhatsApp refuses, and which waits until it tries again. */
export const onOutdatedNode: Provoke = async ({ outdated, callOutdated }, { method, request }) =>
  callOutdated(method, request((await outdated()).linked, ''));

export const onAbsent: Provoke = ({ call }, { method, request }) => call(method, request('absent', 'absent'));

export const withNameTaken: Provoke = async ({ call, unlinked }, { method }) =>
  call(method, { name: await unlinked() });

/** WhatsApp does not confirm that the device is gone. */
export const logoutEndingWith =
  (effect: Effect): Provoke =>
  async ({ service, call, another }, { method, request }) => {
    const { instance, phone } = await another('well');
    service.simulator.inject({
      match: { on: 'iq', xmlns: 'md', phoneNumber: phone.phoneNumber },
      effect,
    });
    return call(method, request(instance, ''));
  };

/** Each question about privacy ends the connection, also that of the login which follows. */
export const whileConnectionsEnd =
  (fields: object = {}): Provoke =>
  async ({ service, call, another }, { method, request }) => {
    const { instance, phone } = await another('well');
    const fault = service.simulator.inject({
      match: { on: 'iq', xmlns: 'privacy', phoneNumber: phone.phoneNumber },
      effect: { do: 'close' },
      times: Infinity,
    });
    const ended = await call(method, { ...request(instance, ''), ...fields });
    fault.remove();
    return ended;
  };
