import { WatchPrivacySettingsResponse as Message } from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Routing } from '../../../cluster/ports.js';

/** What a node tells of an instance, and the epoch under which it runs that: what is newer has a higher one. */
export type Words = { readonly message: Message; readonly epoch: number };

/** What this node tells of those that it runs. */
export async function* wordsOf(
  messages: AsyncIterable<Message>,
  { holderOf }: Pick<Routing, 'holderOf'>,
): AsyncGenerator<Words, void, undefined> {
  const epochs = new Map<string, number>();
  for await (const message of messages) {
    const { instance } = message;
    const holder = instance === '' ? undefined : holderOf(instance);
    // What was given away meanwhile is told under the epoch that it had.
    if (holder?.kind === 'here') epochs.set(instance, holder.epoch);
    yield { message, epoch: epochs.get(instance) ?? 0 };
  }
}

const EPOCH_BYTES = 8;

/** As one node sends it to another: the epoch, then the message. */
export function encodeWords({ message, epoch }: Words): Buffer {
  const head = Buffer.alloc(EPOCH_BYTES);
  head.writeBigUInt64BE(BigInt(epoch));
  return Buffer.concat([head, Message.encode(message).finish()]);
}

export const decodeWords = (bytes: Buffer): Words => ({
  epoch: Number(bytes.readBigUInt64BE()),
  message: Message.decode(bytes.subarray(EPOCH_BYTES)),
});
