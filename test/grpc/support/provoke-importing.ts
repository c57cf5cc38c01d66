import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { authFolder } from '../../simulator/support/auth-folder.js';
import { QR } from '../../support/link.js';
import { limitOver } from './provoke-linking.js';
import type { Provoke, Stage } from './stage.js';

let devices = 0;

/** A device that Baileys has linked to a phone of its own, as the source of an import. */
export async function importSource({ service }: Pick<Stage, 'service'>) {
  const phone = service.simulator.addPhone({ phoneNumber: `1555032${String(++devices).padStart(4, '0')}` });
  using device = await authFolder(service.simulator, phone);
  return { phone, source: { $case: 'baileysCreds', value: device.creds() } as const };
}

/** Importing, and WhatsApp refuses each login so. */
export const refusedImport =
  (reason: number): Provoke =>
  async (stage, { method, request }) => {
    const { phone, source } = await importSource(stage);
    stage.service.simulator.inject({
      match: { on: 'login', phoneNumber: phone.phoneNumber },
      effect: { do: 'failure', reason },
      times: reason === 429 ? 1 : Infinity,
    });
    // With more time an import waits until the limit is over.
    const options = reason === 429 ? { deadlineMs: 5000 } : {};
    const ended = await stage.call(method, { ...request(await stage.unlinked(), ''), source }, options);
    if (reason === 429) await limitOver(ended);
    return ended;
  };

export const importedTwice: Provoke = async (stage, { method, request }) => {
  const { source } = await importSource(stage);
  await stage.call(method, { ...request(await stage.unlinked(), ''), source });
  return stage.call(method, { ...request(await stage.unlinked(), ''), source });
};

export const importOfOtherAccount: Provoke = async (stage, { method, request }) => {
  const { source } = await importSource(stage);
  const { instance } = await stage.another('loggedOut');
  return stage.call(method, { ...request(instance, ''), source });
};

export const importWhileLinking: Provoke = async ({ service, call, unlinked }, { method, request }) => {
  const name = await unlinked();
  const first = service.client.stream(Instances.linkInstance, { instance: name, method: QR });
  await first.next();
  const ended = await call(method, request(name, ''));
  await first.return(undefined);
  return ended;
};
