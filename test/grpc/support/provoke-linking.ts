import { setTimeout } from 'node:timers/promises';
import {
  InstanceServiceService as Instances,
  type LinkInstanceResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Behaviour, Effect, Phone } from '../../../src/simulator/index.js';
import { viewIn } from '../../support/desk.js';
import { NO_PROXY, type Provoke } from './stage.js';

/** Linking with a code, which WhatsApp answers so. */
export const askingForCode =
  (effect: Effect): Provoke =>
  async ({ service, call, unlinked }, { method }) => {
    const fault = service.simulator.inject({ match: { on: 'iq', xmlns: 'md' }, effect });
    const phoneNumber = '+15550100123';
    const name = await unlinked();
    const ended = await call(method, { name, method: { $case: 'pairingCode', value: { phoneNumber } } });
    fault.remove();
    return ended;
  };

/** Linking with a WhatsApp that behaves so. */
export const whenWhatsApp =
  (behaviour: Partial<Behaviour>): Provoke =>
  async ({ service, call, unlinked }, { method, request }) => {
    const usual = { ...service.simulator.behaviour };
    const name = await unlinked();
    Object.assign(service.simulator.behaviour, behaviour);
    const ended = await call(method, request(name, ''));
    Object.assign(service.simulator.behaviour, usual);
    return ended;
  };

/** An instance that was logged out, and the phone of another account scans its codes. */
export const byOtherPhone: Provoke = async ({ service, call, another }, { method, request }) => {
  const { instance } = await another('loggedOut');
  const phone = service.simulator.addPhone({ phoneNumber: '15550399999' });
  return call(method, request(instance, ''), {
    onResponse: scannedBy(phone),
  });
};

const scannedBy = (phone: Phone) => (response: object) => {
  const { event } = response as LinkInstanceResponse;
  if (event?.$case === 'qrCode') void phone.scan(event.value.payload);
};

/** A phone that links only with a passkey scans the codes. */
export const withPasskey =
  (): Provoke =>
  async ({ service, call, unlinked }, { method, request }) => {
    const phone = service.simulator.addPhone({ phoneNumber: `1555032${passkeys++}`, passkey: true });
    return call(method, request(await unlinked(), ''), { onResponse: scannedBy(phone) });
  };
let passkeys = 1000;

/** Linking, and WhatsApp refuses each login with the new link so. */
export const refusedAtFirstLogin =
  (reason: number): Provoke =>
  async ({ service, call, unlinked }, { method, request }) => {
    const phone = service.simulator.addPhone({ phoneNumber: `1555031${String(reason).padStart(4, '0')}` });
    const { phoneNumber } = phone;
    const effect = { do: 'failure', reason } as const;
    service.simulator.inject({ match: { on: 'login', phoneNumber }, effect, times: Infinity });
    return call(method, request(await unlinked(), ''), {
      onResponse: scannedBy(phone),
    });
  };

/** Trying a suspended instance again, whose login WhatsApp refuses so. */
export const refusedAgain =
  (reason: number): Provoke =>
  async ({ service, call, another }, { method, request }) => {
    const desk = await another('well');
    const { phoneNumber } = desk.phone;
    const refuse = (reason: number) =>
      service.simulator.inject({ match: { on: 'login', phoneNumber }, effect: { do: 'failure', reason } });
    refuse(403);
    desk.phone.streamError(515);
    await viewIn(service, desk, 'SUSPENDED');
    refuse(reason);
    const ended = await call(method, request(desk.instance, ''));
    // A limit holds back every instance of the node for some eight seconds.
    if (reason === 429) await setTimeout(9000);
    return ended;
  };

/** Linking, on a node whose client WhatsApp refuses. */
export const onOutdatedNode: Provoke = async ({ outdated, callOutdated }, { method, request }) =>
  callOutdated(method, request((await outdated()).unlinked, ''));

/** Linking, through a proxy that is not there. */
export const behindBadProxy: Provoke = async ({ service, call, unlinked }, { method, request }) => {
  const name = await unlinked();
  await service.client.call(Instances.updateInstance, { name, proxy: NO_PROXY });
  return call(method, request(name, ''));
};

/** Trying a suspended instance again, whose proxy is not there. */
export const againBehindBadProxy: Provoke = async ({ service, call, another }, { method, request }) => {
  const { instance } = await another('suspended');
  await service.client.call(Instances.updateInstance, { name: instance, proxy: NO_PROXY });
  return call(method, request(instance, ''));
};

export const whileAnotherLinks: Provoke = async ({ service, call, unlinked }, { method, request }) => {
  const name = await unlinked();
  const first = service.client.stream(Instances.linkInstance, request(name, ''));
  await first.next();
  const ended = await call(method, request(name, ''));
  await first.return(undefined);
  return ended;
};
