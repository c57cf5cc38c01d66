/** Longest frame a client may send: the length has three bytes. */
const MAX_FRAME = 2 ** 24 - 1;

/** Puts the three-byte length in front. */
export function frame(payload: Uint8Array): Buffer {
  if (payload.length > MAX_FRAME) throw new Error('frame too long');
  const header = Buffer.alloc(3);
  header.writeUIntBE(payload.length, 0, 3);
  return Buffer.concat([header, payload]);
}

/** What a client sends before its first frame. */
export type Intro = { readonly prologue: Buffer; readonly routingInfo: Buffer | undefined };

/**
 * Cuts a byte stream into frames, however WebSocket messages divide it. The stream opens with an optional routing
 * header (`ED`, 0, 1, three-byte length, routing info) and then `WA`, 6, dictionary version.
 * Throws when it does not.
 */
export function frameReader(): { intro: () => Intro | undefined; push(bytes: Buffer): Buffer[] } {
  let pending: Buffer = Buffer.alloc(0);
  let intro: Intro | undefined;

  function readIntro(): void {
    let at = 0;
    let routingInfo: Buffer | undefined;
    if (pending.subarray(0, 2).toString() === 'ED') {
      if (pending.length < 7) return;
      at = 7 + pending.readUIntBE(4, 3);
      routingInfo = pending.subarray(7, at);
    }
    if (pending.length < at + 4) return;
    const prologue = pending.subarray(at, at + 4);
    if (prologue.subarray(0, 3).toString('latin1') !== 'WA\x06') throw new Error('not a WhatsApp client');
    intro = { prologue, routingInfo };
    pending = pending.subarray(at + 4);
  }

  return {
    intro: () => intro,
    push(bytes) {
      pending = Buffer.concat([pending, bytes]);
      if (!intro) readIntro();
      const frames: Buffer[] = [];
      while (intro && pending.length >= 3) {
        const end = 3 + pending.readUIntBE(0, 3);
        if (pending.length < end) break;
        frames.push(pending.subarray(3, end));
        pending = pending.subarray(end);
      }
      return frames;
    },
  };
}
