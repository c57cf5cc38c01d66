import { type AuthenticationCreds, type BinaryNode, initAuthCreds } from '@whiskeysockets/baileys';
import type { Disconnect } from '../../domain/disconnect.js';
import { wallTime } from '../../domain/time/wall-time.js';
import type { LinkMethod, LinkResult, WhatsApp } from '../../instances/ports/ports.js';
import type { LinkRecord } from '../../instances/ports/store.js';
import { plainAck } from '../connection/answers.js';
import { encodeCredentials, NO_KEYS } from '../connection/auth-state.js';
import { type Connection, openConnection } from '../connection/connection.js';
import type { ConnectionOptions } from '../connection/connection-options.js';
import { notStored, ownCause, timedOut, unclear } from '../connection/disconnects.js';
import { bytesIn, childOf, childrenOf, resultOf } from '../connection/nodes.js';
import { codeInvitation } from './code-invitation.js';
import { declineStanza, pairingOf } from './pair-success.js';
import { passkeyCeremony } from './passkey-ceremony.js';
import { qrInvitation } from './qr-invitation.js';

type LinkOptions = Parameters<WhatsApp['link']>[2];

/** Links a phone, as the port says. The new identity stays in memory until a phone has agreed to it. */
export async function linkDevice(
  settings: ConnectionOptions,
  instance: string,
  method: LinkMethod,
  { proxy, mayAct, signal, expectedPhoneNumber, onCode, recording, passkey }: LinkOptions,
): Promise<LinkResult> {
  if (signal.aborted) return { kind: 'cancelled', unreached: true };
  const { timeouts } = settings;
  const creds = initAuthCreds();
  const connection = openConnection(settings, {
    instance,
    proxy,
    mayAct,
    auth: { creds, keys: NO_KEYS },
    linking: true,
    onCredentials: async update => void Object.assign(creds, update),
  });

  const result = Promise.withResolvers<LinkResult>();
  let state: 'inviting' | 'completing' | 'over' = 'inviting';
  function give(outcome: LinkResult) {
    if (state !== 'inviting') return;
    state = 'over';
    result.resolve(outcome);
  }
  const cancel = () => give({ kind: 'cancelled', passkeyWait: ceremony.waitsFor() });
  const deadline = setTimeout(
    () => give(disconnected(timedOut('WhatsApp gave no code to show'))),
    timeouts.connectMs,
  );

  const options = {
    connection,
    creds,
    timeouts,
    end: give,
    show: (code: Parameters<typeof onCode>[0]) => {
      clearTimeout(deadline);
      if (state === 'inviting') onCode(code);
    },
  };
  const invitation =
    method.kind === 'qr' ? qrInvitation(options) : codeInvitation(options, method.phoneNumber);
  const ceremony = passkeyCeremony(options, passkey);

  /** The codes have done their part once a passkey is asked for: no other is shown, and none runs out. */
  function notified(notification: BinaryNode) {
    const withPasskey = ceremony.notified(notification);
    if (ceremony.waitsFor() === undefined) return invitation.notified(notification);
    clearTimeout(deadline);
    invitation.stop();
    return withPasskey;
  }

  // No login happens on this connection, whatever the server says.
  connection.takeOver('CB:success', () => undefined);
  connection.takeOver('CB:iq,type:set,pair-device', async stanza => {
    await connection.tell(resultOf(stanza));
    if (state === 'inviting') await invitation.begin(refsOf(stanza));
  });
  connection.takeOver('CB:notification', async notification => {
    const afterwards = state === 'inviting' ? notified(notification) : undefined;
    const ack = plainAck(notification);
    if (ack) await connection.tell(ack);
    await afterwards?.();
  });
  connection.takeOver('CB:iq,,pair-success', async stanza => {
    if (state !== 'inviting') return;
    state = 'completing';
    invitation.stop();
    await ceremony.settled();
    ceremony.stop();
    result.resolve(
      await complete(settings, instance, { connection, creds, stanza, expectedPhoneNumber, recording }),
    );
  });
  signal.addEventListener('abort', cancel);
  void connection.ended.then(disconnect => give(disconnected(disconnect)));

  const outcome = await result.promise;
  signal.removeEventListener('abort', cancel);
  clearTimeout(deadline);
  invitation.stop();
  ceremony.stop();
  await connection.close();
  return connection.hasReached() ? outcome : { ...outcome, unreached: true };
}

/** From here on only this decides: the link is refused, or stored and then answered. */
async function complete(
  { credentials, timeouts, log }: ConnectionOptions,
  instance: string,
  { connection, creds, stanza, expectedPhoneNumber, recording = () => [] }: PairSuccess,
): Promise<LinkResult> {
  const pairing = pairingOf(stanza, creds);
  if (!pairing) {
    await connection.tell(declineStanza(stanza));
    return disconnected(unclear('The phone could not prove that it agreed to the link'));
  }
  const { phoneNumber, update, reply } = pairing;
  if (expectedPhoneNumber !== undefined && phoneNumber !== expectedPhoneNumber) {
    await connection.tell(declineStanza(stanza));
    return { kind: 'other_account' };
  }

  let record: LinkRecord;
  try {
    const bytes = encodeCredentials({ ...creds, ...update });
    const link = { phoneNumber, linkTime: wallTime() };
    record = await credentials.saveLink(instance, bytes, link, recording('INSTANCE_LINKED'));
  } catch (cause) {
    log.taskFailed({ task: 'storing a new link', instance, cause });
    await connection.tell(declineStanza(stanza));
    return disconnected(notStored());
  }
  if (!(await connection.tell(reply))) {
    const cleared = await credentials
      .clear(instance, recording('INSTANCE_UNLINKED'))
      .catch(cause => log.taskFailed({ task: 'dropping a link', instance, cause }));
    const disconnect = await connection.ended;
    return { kind: 'disconnected', disconnect, ...(cleared && { record: cleared }) };
  }

  // WhatsApp asks for a restart (515), or just closes; the next login shows whether the link holds.
  const enough = setTimeout(() => connection.end(ownCause('Linked')), timeouts.queryMs);
  await connection.ended;
  clearTimeout(enough);
  return { kind: 'linked', record };
}

type PairSuccess = {
  connection: Connection;
  creds: AuthenticationCreds;
  stanza: BinaryNode;
  expectedPhoneNumber: string | undefined;
  recording: LinkOptions['recording'];
};

const disconnected = (disconnect: Disconnect): LinkResult => ({ kind: 'disconnected', disconnect });

/** `<iq type="set"><pair-device><ref>…</ref>…</pair-device></iq>` */
function refsOf(stanza: BinaryNode): string[] {
  const offer = childOf(stanza, 'pair-device');
  return offer ? childrenOf(offer, 'ref').flatMap(ref => bytesIn(ref)?.toString() ?? []) : [];
}
