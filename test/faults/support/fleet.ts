import { setTimeout as wait } from 'node:timers/promises';
import {
  InstanceServiceService as Instances,
  Instance_State as State,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Phone } from '../../../src/simulator/index.js';
import { CallError } from '../../support/call.js';
import { link } from '../../support/link.js';
import type { Service } from '../../support/service.js';

/** An instance and its phone. */
export type Desk = { readonly instance: string; readonly phone: Phone };

/** CreateInstance takes so many calls a minute; a restart of the service forgets them. */
const CREATES = 20;

/** Links so many instances. */
export async function openDesks(service: Service, count: number): Promise<Desk[]> {
  const desks: Desk[] = [];
  while (desks.length < count) {
    if (desks.length > 0) await restart(service);
    const missing = Math.min(CREATES, count - desks.length);
    desks.push(...(await Promise.all(Array.from({ length: missing }, () => service.linked()))));
  }
  return desks;
}

export async function restart(service: Service, env: Record<string, string> = {}): Promise<void> {
  await service.stop();
  service.forgetLog();
  service.simulator.clearStanzas();
  await service.start(env);
}

/** Unspecified where the call was refused, as one of too many at once is. */
async function stateOf({ client }: Service, { instance }: Desk): Promise<State> {
  const answer = await client.call(Instances.getInstance, { instance: instance }).catch(onlyRefusals);
  return 'instance' in answer && answer.instance ? answer.instance.state : State.UNSPECIFIED;
}

/** Brings an instance back that only needs to connect; false when it needs more than that. */
export async function recover(service: Service, desk: Desk): Promise<boolean> {
  for (;;) {
    const state = await stateOf(service, desk);
    if (state === State.CONNECTED) return true;
    if (state === State.LOGGED_OUT || state === State.SUSPENDED) return false;
    // Fails where the state has changed since; the next round sees that.
    await service.client.call(Instances.reconnectInstance, { instance: desk.instance }).catch(onlyRefusals);
    await wait(20);
  }
}

/** Ends a connection that went deaf, which the service would notice much later. */
export async function undeafen(service: Service, desk: Desk): Promise<void> {
  desk.phone.dropConnections('reset');
  while ((await stateOf(service, desk)) === State.CONNECTED) await wait(5);
}

/** After a restart: links again what was logged out, and waits until every instance is connected. */
export async function recoverAll(service: Service, desks: readonly Desk[]): Promise<void> {
  await Promise.all(
    desks.map(async desk => {
      if ((await stateOf(service, desk)) === State.LOGGED_OUT) {
        for (const { device } of desk.phone.devices()) desk.phone.removeDevice(device);
        await link(service.client, desk.instance, desk.phone);
      }
      if (!(await recover(service, desk))) throw new Error(`${desk.instance} did not recover`);
    }),
  );
}

function onlyRefusals(error: unknown): CallError {
  if (error instanceof CallError) return error;
  throw error;
}
