import { PrivacyError } from '../../domain/errors.js';
import { type Instance, maskPhoneNumber } from '../../domain/instance.js';
import { exclusively } from '../../domain/nodes/exclusively.js';
import { wallTime } from '../../domain/time/wall-time.js';
import { lifecycleEntry } from '../account/lifecycle.js';
import { timeLeft } from '../account/time-left.js';
import type { ManagedInstance } from '../member/managed-instance.js';
import type { Node } from '../member/node.js';
import type { ImportedDevice } from '../ports/imported-device.js';
import type { CallOptions } from '../ports/orders.js';
import type { InstanceRecord } from '../ports/store.js';
import { FIRST_LOGIN_MS, firstLoginFailed, refuseUnlessLinkable } from './link-instance.js';

/**
 * Takes over a device that is linked already, and logs in with it.
 *
 * @param content Baileys' `creds.json`.
 * @throws PrivacyError
 */
export async function importInstance(
  managed: ManagedInstance,
  held: () => readonly ManagedInstance[],
  node: Pick<Node, 'devices' | 'credentials' | 'changes' | 'imports' | 'store' | 'acrossNodes'>,
  content: Uint8Array,
  call: CallOptions,
): Promise<Instance> {
  const { instance, keeper, supervisor } = managed;
  refuseUnlessLinkable(managed);
  const device = await node.devices.importedDevice(content);
  if (device.kind === 'unusable')
    throw new PrivacyError({ kind: 'INVALID_REQUEST', violations: device.mistakes.map(violation) });

  await managed.inTurn(call, async () => {
    if (managed.isDeleted()) throw new PrivacyError({ kind: 'INSTANCE_NOT_FOUND', instance });
    refuseUnlessLinkable(managed);
    await managed.forgotten();
    refuseOtherAccount(managed, device);
    await call.beforeSending?.();
    await oneAfterAnother(node, call.signal, async () => {
      // What other nodes run is as it is stored, as is what runs here but for what is on its way there.
      const stored = node.acrossNodes ? await node.store.list() : [];
      const others = [...held().map(each => each.keeper.record), ...stored].filter(
        ({ name }) => name !== instance,
      );
      const holder = await holderOf(device, others, node);
      if (holder !== undefined) throw new PrivacyError({ kind: 'DEVICE_IN_USE', instance: holder });
      const link = { phoneNumber: device.phoneNumber, linkTime: wallTime() };
      const entry = lifecycleEntry('INSTANCE_LINKED', keeper.record, call.author);
      const along = node.changes.appending([entry]);
      keeper.written(await node.credentials.saveLink(instance, device.credentials, link, along));
    });
    supervisor.connect();
  });
  const patienceMs = Math.min(timeLeft(call), FIRST_LOGIN_MS);
  await managed.sessionWithin(patienceMs).catch(error => firstLoginFailed(managed, error));
  return managed.view();
}

const violation = (description: string) =>
  ({
    field: 'baileys_creds',
    reason: 'INVALID_FORMAT',
    description: `baileys_creds: ${description}`,
  }) as const;

function refuseOtherAccount({ instance, keeper }: ManagedInstance, device: ImportedDevice): void {
  const { phoneNumber } = keeper.record;
  if (phoneNumber === '' || phoneNumber === device.phoneNumber) return;
  throw new PrivacyError(
    { kind: 'LINK_OTHER_ACCOUNT', instance, maskedPhoneNumber: maskPhoneNumber(phoneNumber) },
    { message: 'The instance belongs to another phone number; call UnlinkInstance first' },
  );
}

/** Two imports of one device must see each other. */
const oneAfterAnother = (
  { imports, acrossNodes }: Pick<Node, 'imports' | 'acrossNodes'>,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> =>
  imports.add(() => (acrossNodes ? exclusively(acrossNodes.tasks, 'import', signal, work) : work()));

/** The instance that has the same device: two that log in with it would throw each other out. */
async function holderOf(
  device: ImportedDevice,
  others: readonly Pick<InstanceRecord, 'name' | 'phoneNumber'>[],
  { devices, credentials }: Pick<Node, 'devices' | 'credentials'>,
): Promise<string | undefined> {
  const sameNumber = others.filter(({ phoneNumber }) => phoneNumber === device.phoneNumber);
  for (const name of new Set(sameNumber.map(other => other.name))) {
    const stored = await credentials.load(name);
    if (stored && (await devices.deviceIn(stored)) === device.id) return name;
  }
  return undefined;
}
