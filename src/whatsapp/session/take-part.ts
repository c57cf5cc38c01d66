import type { AuthenticationCreds, BinaryNode, SignalKeyStore } from '@whiskeysockets/baileys';
import { INITIAL_PREKEY_COUNT, MIN_PREKEY_COUNT } from '@whiskeysockets/baileys';
import type { Connection } from '../connection/connection.js';
import { childOf, iqStanza } from '../connection/nodes.js';

/** How many pre-keys WhatsApp has of this device. */
const COUNT = iqStanza('get', 'encrypt', { tag: 'count', attrs: {} });
/** Has WhatsApp deliver what is for this device; a login by itself is passive. */
const ACTIVE = iqStanza('set', 'passive', { tag: 'active', attrs: {} });

/**
 * Takes part as soon as WhatsApp has accepted the login, in place of Baileys, which asks three things one after another
 * and then stores what only those need who read messages. Fulfils when that is done, whatever WhatsApp answers.
 *
 * before   <success t lid/>
 * sent     <iq xmlns="encrypt" type="get"><count/></iq> and <iq xmlns="passive" type="set"><active/></iq>, in one go
 * then     <iq xmlns="encrypt" type="set">…</iq> where keys are running out
 */
export function takePart(
  connection: Pick<Connection, 'takeOver' | 'sendIQ' | 'uploadPreKeys' | 'changeCredentials'>,
  { creds, keys }: { readonly creds: AuthenticationCreds; readonly keys: SignalKeyStore },
  queryMs: number,
): Promise<void> {
  const taken = Promise.withResolvers<void>();

  async function provideKeys() {
    const [reply, isLastThere] = await Promise.all([
      connection.sendIQ(COUNT, queryMs),
      hasLastPreKey(creds, keys),
    ]);
    const count = reply.kind === 'reply' ? countIn(reply.node) : undefined;
    if (count === undefined) return;
    const wanted = count === 0 ? INITIAL_PREKEY_COUNT : MIN_PREKEY_COUNT;
    if (count <= wanted || !isLastThere) await connection.uploadPreKeys(wanted);
  }

  connection.takeOver('CB:success', async ({ attrs: { lid } }: BinaryNode) => {
    // Without keys nobody could write to it: a new device gives them before it takes part, as WhatsApp Web does.
    const isNew = creds.nextPreKeyId <= 1;
    const provided = provideKeys().catch(() => undefined); // As long as it can be asked again at the next login.
    if (isNew) await provided;
    await Promise.all([connection.sendIQ(ACTIVE, queryMs), provided]);
    if (creds.me && lid !== undefined && lid !== creds.me.lid)
      connection.changeCredentials({ me: { ...creds.me, lid } });
    taken.resolve();
  });
  return taken.promise;
}

/** Whether the newest pre-key is stored: a store that lost it knows less than WhatsApp does. */
async function hasLastPreKey({ nextPreKeyId }: AuthenticationCreds, keys: SignalKeyStore): Promise<boolean> {
  const last = String(nextPreKeyId - 1);
  return nextPreKeyId <= 1 || (await keys.get('pre-key', [last]))[last] !== undefined;
}

/** `<count value="812"/>` */
function countIn(reply: BinaryNode): number | undefined {
  const value = childOf(reply, 'count')?.attrs['value'];
  return /^\d{1,9}$/.test(value ?? '') ? Number(value) : undefined;
}
