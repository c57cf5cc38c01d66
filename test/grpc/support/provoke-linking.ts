import { setTimeout } from 'node:timers/promises';
import {
  InstanceServiceService as Instances,
  type LinkInstanceResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Behaviour, Effect, Phone } from '../../../src/simulator/index.js';
import { viewIn } from '../../support/desk.js';

import { QR } from '../../support/link.js';
import type { Service } from '../../support/service.js';
import type { CallOptions, Ended } from './invoke.js';
import { NO_PROXY, type Provoke } from './stage.js';

/** A limit holds back every instance of the node, each time in a row for longer. */
export const limitOver = (ended: Ended<object>): Promise<void> =>
  setTimeout((Number(ended.detail('google.rpc.RetryInfo')?.retryDelay?.seconds ?? 0) + 2) * 1000);

/** Linking with a code, which WhatsApp answers so. */
export const askingForCode =
  (effect: Effect): Provoke =>
  async ({ service, call, unlinked }, { method }) => {
    const fault = service.simulator.inject({ match: { on: 'iq', xmlns: 'md' }, effect });
    const phoneNumber = '+15550100123';
    const name = await unlinked();
    const ended = await call(method, {
      instance: name,
      method: { $case: 'pairingCode', value: { phoneNumber } },
    });
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

/** A phone that links only with a passkey scans the codes; its owner does this with each request. */
export const withPasskey =
  (fields: object = {}, options?: CallOptions<object>, answer: Answer = () => undefined): Provoke =>
  async ({ service, call, unlinked }, { method, request }) => {
    const phone = service.simulator.addPhone({ phoneNumber: `1555032${passkeys++}`, passkey: true });
    const name = await unlinked();
    return call(
      method,
      { ...request(name, ''), ...fields },
      {
        ...options,
        onResponse(response) {
          scannedBy(phone)(response);
          const { event } = response as LinkInstanceResponse;
          if (event?.$case === 'passkeyRequest') answer({ service, name, phone, ...event.value });
        },
      },
    );
  };
let passkeys = 1000;
type Answer = (asked: { service: Service; name: string; phone: Phone; optionsJson: string }) => void;

/** The owner brings an assertion, which WhatsApp refuses. */
export const passkeyRefused: Provoke = async (stage, subject) => {
  const effect = { do: 'refuse', code: 401 } as const;
  stage.service.simulator.inject({ match: { on: 'iq', child: 'passkey_prologue' }, effect });
  const answer: Answer = ({ service, name, phone, optionsJson }) =>
    void service.client.call(Instances.submitPasskeyAssertion, {
      instance: name,
      assertionJson: phone.assertPasskey(optionsJson),
    });
  return withPasskey({ passkey: UNCOMPARED }, {}, answer)(stage, subject);
};

/** Calls a method while a link waits for the passkey, or for the code to be confirmed; the link then ends. */
export const whilePasskeyWaits =
  (fields: (asked: { phone: Phone; optionsJson: string }) => object): Provoke =>
  async ({ service, call, unlinked }, { method, request }) => {
    const phone = service.simulator.addPhone({ phoneNumber: `1555032${passkeys++}`, passkey: true });
    const name = await unlinked();
    const over = new AbortController();
    const linking = { instance: name, method: QR, passkey: { compareCode: true } };
    const events = service.client.stream(Instances.linkInstance, linking, { signal: over.signal });
    try {
      for await (const { event } of events) {
        if (event?.$case === 'qrCode') void phone.scan(event.value.payload);
        if (event?.$case === 'passkeyConfirmation') return await call(method, request(name, ''));
        if (event?.$case !== 'passkeyRequest') continue;
        const { optionsJson } = event.value;
        if (method.path.endsWith('SubmitPasskeyAssertion'))
          return await call(method, { ...request(name, ''), ...fields({ phone, optionsJson }) });
        const assertionJson = phone.assertPasskey(optionsJson);
        await service.client.call(Instances.submitPasskeyAssertion, { instance: name, assertionJson });
      }
    } finally {
      over.abort();
    }
    throw new Error('no passkey was asked for');
  };

/** An assertion that answers another request than the one that waits. */
export const ofAnotherRequest = ({ phone, optionsJson }: { phone: Phone; optionsJson: string }) => {
  const challenge = Buffer.alloc(32).toString('base64url');
  return { assertionJson: phone.assertPasskey(JSON.stringify({ ...JSON.parse(optionsJson), challenge })) };
};

const UNCOMPARED = { compareCode: false };

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

/** Trying a suspended instance again, whose login ends so. */
export const triedAgain =
  (effect: Effect): Provoke =>
  async ({ service, call, another }, { method, request }) => {
    const desk = await another('well');
    const { phoneNumber } = desk.phone;
    const atLogin = (effect: Effect) =>
      service.simulator.inject({ match: { on: 'login', phoneNumber }, effect });
    atLogin({ do: 'failure', reason: 403 });
    desk.phone.streamError(515);
    await viewIn(service, desk, 'SUSPENDED');
    atLogin(effect);
    return call(method, request(desk.instance, ''));
  };

/** The same, and WhatsApp refuses the login. */
export const refusedAgain =
  (reason: number): Provoke =>
  async (stage, subject) => {
    const ended = await triedAgain({ do: 'failure', reason })(stage, subject);
    if (reason === 429) await limitOver(ended);
    return ended;
  };

/** Linking, on a node whose client WhatsApp refuses. */
export const onOutdatedNode: Provoke = async ({ outdated, callOutdated }, { method, request }) =>
  callOutdated(method, request((await outdated()).unlinked, ''));

/** Linking, through a proxy that is not there. */
export const behindBadProxy: Provoke = async ({ service, call, unlinked }, { method, request }) => {
  const name = await unlinked();
  await service.client.call(Instances.updateInstance, { instance: name, proxy: NO_PROXY });
  return call(method, request(name, ''));
};

/** Trying a suspended instance again, whose proxy is not there. */
export const againBehindBadProxy: Provoke = async ({ service, call, another }, { method, request }) => {
  const { instance } = await another('suspended');
  await service.client.call(Instances.updateInstance, { instance: instance, proxy: NO_PROXY });
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
