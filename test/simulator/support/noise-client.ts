import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { Curve, type KeyPair, proto } from '@whiskeysockets/baileys';
import { WebSocket } from 'ws';

const HEADER = Buffer.from([87, 65, 6, 3]);
const NONE = Buffer.alloc(0);

/** What the server showed of itself. */
export type Shown = { readonly staticKey: Buffer; readonly chain: proto.CertChain };

/** A bare client of the handshake, to look at what Baileys does not show. */
export type NoiseClient = {
  /** Noise XX up to the server's hello. */
  xx(): Promise<Shown>;
  /** Noise IK with a server key from before; resolves with the pattern the server took. */
  ik(serverKey: Uint8Array, noiseKey: KeyPair, payload: Uint8Array): Promise<'IK' | 'XXfallback'>;
  close(): void;
};

/** @param routingInfo Sent in an `ED` header. @param chunk How many bytes go into one WebSocket message. */
export function noiseClient(url: string, { routingInfo = NONE, chunk = 1e6 } = {}): NoiseClient {
  const ws = new WebSocket(url);
  const ephemeral = Curve.generateKeyPair();
  let [hash, salt, key, counter] = [NONE, NONE, NONE, 0];
  const mix = (data: Uint8Array) => {
    hash = createHash('sha256').update(hash).update(data).digest();
  };
  const start = (name: string) => {
    const padded = Buffer.from(name.padEnd(32, '\0'));
    salt = hash = padded.length === 32 ? padded : createHash('sha256').update(name).digest();
    mix(HEADER);
  };
  const mixKey = (secret: Uint8Array) => {
    const out = Buffer.from(hkdfSync('sha256', secret, salt, NONE, 64));
    [salt, key, counter] = [out.subarray(0, 32), out.subarray(32), 0];
  };
  const iv = () => {
    const bytes = Buffer.alloc(12);
    bytes.writeUInt32BE(counter++, 8);
    return bytes;
  };
  const seal = (plain: Uint8Array) => {
    const cipher = createCipheriv('aes-256-gcm', key, iv()).setAAD(hash);
    const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    mix(sealed);
    return sealed;
  };
  const open = (sealed: Uint8Array) => {
    const decipher = createDecipheriv('aes-256-gcm', key, iv()).setAAD(hash);
    decipher.setAuthTag(sealed.subarray(-16));
    const plain = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    mix(sealed);
    return plain;
  };

  async function ask(clientHello: proto.HandshakeMessage.IClientHello) {
    await new Promise(resolve => ws.once('open', resolve));
    const message = proto.HandshakeMessage.encode({ clientHello }).finish();
    const length = Buffer.alloc(3);
    length.writeUIntBE(message.length, 0, 3);
    const routing = Buffer.alloc(routingInfo.length ? 7 : 0);
    if (routingInfo.length) {
      routing.write('ED\x00\x01', 'latin1');
      routing.writeUIntBE(routingInfo.length, 4, 3);
    }
    const all = Buffer.concat([routing, routingInfo, HEADER, length, message]);
    const reply = new Promise<Buffer>(resolve => ws.once('message', data => resolve(data as Buffer)));
    for (let at = 0; at < all.length; at += chunk) ws.send(all.subarray(at, at + chunk));
    const { serverHello } = proto.HandshakeMessage.decode((await reply).subarray(3));
    if (!serverHello?.ephemeral || !serverHello.payload) throw new Error('no server hello');
    return { ...serverHello, ephemeral: serverHello.ephemeral, payload: serverHello.payload };
  }

  /** The rest of XX and of XXfallback. */
  function readXX(hello: proto.HandshakeMessage.IServerHello): Shown {
    const { ephemeral: theirs = NONE, static: sealedStatic, payload } = hello;
    mix(theirs ?? NONE);
    mixKey(Curve.sharedKey(ephemeral.private, theirs ?? NONE));
    const staticKey = open(sealedStatic ?? NONE);
    mixKey(Curve.sharedKey(ephemeral.private, staticKey));
    return { staticKey, chain: proto.CertChain.decode(open(payload ?? NONE)) };
  }

  return {
    async xx() {
      start('Noise_XX_25519_AESGCM_SHA256');
      mix(ephemeral.public);
      return readXX(await ask({ ephemeral: ephemeral.public }));
    },
    async ik(serverKey, noiseKey, payload) {
      start('Noise_IK_25519_AESGCM_SHA256');
      mix(serverKey);
      mix(ephemeral.public);
      mixKey(Curve.sharedKey(ephemeral.private, serverKey));
      const sealedStatic = seal(noiseKey.public);
      mixKey(Curve.sharedKey(noiseKey.private, serverKey));
      const hello = await ask({ ephemeral: ephemeral.public, static: sealedStatic, payload: seal(payload) });
      if (hello.static?.length) {
        start('Noise_XXfallback_25519_AESGCM_SHA256');
        mix(ephemeral.public);
        readXX(hello);
        return 'XXfallback';
      }
      mix(hello.ephemeral);
      mixKey(Curve.sharedKey(ephemeral.private, hello.ephemeral));
      mixKey(Curve.sharedKey(noiseKey.private, hello.ephemeral));
      proto.CertChain.decode(open(hello.payload));
      return 'IK';
    },
    close: () => ws.terminate(),
  };
}
