import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { Curve, type KeyPair, proto } from '@whiskeysockets/baileys';
import { newKeyPair } from './xeddsa.js';

const NO_BYTES = Buffer.alloc(0);
const PATTERNS = {
  XX: Buffer.from('Noise_XX_25519_AESGCM_SHA256\0\0\0\0'),
  IK: Buffer.from('Noise_IK_25519_AESGCM_SHA256\0\0\0\0'),
  // Longer than a hash, so its hash stands for it.
  XXfallback: createHash('sha256').update('Noise_XXfallback_25519_AESGCM_SHA256').digest(),
};

/** The two directions of an established connection, each with its own key and counter. */
export type Transport = { encrypt(plain: Uint8Array): Buffer; decrypt(sealed: Uint8Array): Buffer };

/** What a client proved in the handshake. */
export type Handshaken = {
  readonly noiseKey: Buffer;
  readonly payload: proto.ClientPayload;
  readonly transport: Transport;
};

/** The server's part of a handshake: an answer to each message of the client. */
export type Responder = {
  /** To the client's hello; `done` when the client knew our key (IK) and has sent its payload already. */
  hello(message: Buffer): { reply: Buffer; done?: Handshaken };
  finish(message: Buffer): Handshaken;
};

/**
 * The responder of Noise XX, with the messages wrapped in `HandshakeMessage`. Clients that have kept the server's key
 * try IK (Baileys never does); when they kept another one they are answered with XXfallback. `prologue` is the header
 * the client sent: `WA`, 6, dictionary version.
 */
export function noiseResponder(staticKey: KeyPair, certificate: Buffer, prologue: Buffer): Responder {
  const ephemeral = newKeyPair();
  const state = symmetricState();

  function answerXX(pattern: Buffer, clientEphemeral: Uint8Array): Buffer {
    state.start(pattern, prologue);
    state.mixHash(clientEphemeral);
    state.mixHash(ephemeral.public);
    state.mixKey(Curve.sharedKey(ephemeral.private, clientEphemeral));
    const sealedStatic = state.encrypt(staticKey.public);
    state.mixKey(Curve.sharedKey(staticKey.private, clientEphemeral));
    return serverHello({ static: sealedStatic, payload: state.encrypt(certificate) });
  }

  function answerIK(clientEphemeral: Uint8Array, sealedStatic: Uint8Array, sealedPayload: Uint8Array) {
    state.start(PATTERNS.IK, prologue);
    state.mixHash(staticKey.public);
    state.mixHash(clientEphemeral);
    state.mixKey(Curve.sharedKey(staticKey.private, clientEphemeral));
    const noiseKey = state.decrypt(sealedStatic);
    state.mixKey(Curve.sharedKey(staticKey.private, noiseKey));
    const payload = proto.ClientPayload.decode(state.decrypt(sealedPayload));
    state.mixHash(ephemeral.public);
    state.mixKey(Curve.sharedKey(ephemeral.private, clientEphemeral));
    state.mixKey(Curve.sharedKey(ephemeral.private, noiseKey));
    const reply = serverHello({ payload: state.encrypt(certificate) });
    return { reply, done: { noiseKey, payload, transport: state.split() } };
  }

  const serverHello = (parts: { static?: Uint8Array; payload: Uint8Array }) =>
    Buffer.from(
      proto.HandshakeMessage.encode({ serverHello: { ephemeral: ephemeral.public, ...parts } }).finish(),
    );

  return {
    hello(message) {
      const { clientHello } = proto.HandshakeMessage.decode(message);
      if (clientHello?.ephemeral?.length !== 32) throw new Error('no client hello');
      if (!clientHello.static?.length || !clientHello.payload?.length) {
        return { reply: answerXX(PATTERNS.XX, clientHello.ephemeral) };
      }
      try {
        return answerIK(clientHello.ephemeral, clientHello.static, clientHello.payload);
      } catch {
        return { reply: answerXX(PATTERNS.XXfallback, clientHello.ephemeral) };
      }
    },
    finish(message) {
      const { clientFinish } = proto.HandshakeMessage.decode(message);
      const noiseKey = state.decrypt(clientFinish?.static ?? NO_BYTES);
      state.mixKey(Curve.sharedKey(ephemeral.private, noiseKey));
      const payload = proto.ClientPayload.decode(state.decrypt(clientFinish?.payload ?? NO_BYTES));
      return { noiseKey, payload, transport: state.split() };
    },
  };
}

/** Noise's SymmetricState with AES-256-GCM and SHA-256. */
function symmetricState() {
  let hash: Buffer = NO_BYTES;
  let chainingKey: Buffer = NO_BYTES;
  let key: Buffer = NO_BYTES;
  let counter = 0;
  const expand = (input: Uint8Array): [Buffer, Buffer] => {
    const out = Buffer.from(hkdfSync('sha256', input, chainingKey, NO_BYTES, 64));
    return [out.subarray(0, 32), out.subarray(32)];
  };
  const mixHash = (data: Uint8Array) => {
    hash = createHash('sha256').update(hash).update(data).digest();
  };
  return {
    start(pattern: Buffer, prologue: Buffer) {
      hash = pattern;
      chainingKey = pattern;
      mixHash(prologue);
    },
    mixHash,
    mixKey(input: Uint8Array) {
      [chainingKey, key] = expand(input);
      counter = 0;
    },
    encrypt(plain: Uint8Array): Buffer {
      const sealed = seal(key, counter++, plain, hash);
      mixHash(sealed);
      return sealed;
    },
    decrypt(sealed: Uint8Array): Buffer {
      const plain = open(key, counter++, sealed, hash);
      mixHash(sealed);
      return plain;
    },
    /** The client writes with the first key. */
    split(): Transport {
      const [read, write] = expand(NO_BYTES);
      let readCounter = 0;
      let writeCounter = 0;
      return {
        encrypt: plain => seal(write, writeCounter++, plain, NO_BYTES),
        decrypt: sealed => open(read, readCounter++, sealed, NO_BYTES),
      };
    },
  };
}

function nonce(counter: number): Buffer {
  const iv = Buffer.alloc(12);
  iv.writeUInt32BE(counter, 8);
  return iv;
}

function seal(key: Buffer, counter: number, plain: Uint8Array, aad: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce(counter)).setAAD(aad);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Buffer, counter: number, sealed: Uint8Array, aad: Buffer): Buffer {
  if (sealed.length < 16) throw new Error('too short for a sealed message');
  const tag = sealed.subarray(sealed.length - 16);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce(counter)).setAAD(aad).setAuthTag(tag);
  return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - 16)), decipher.final()]);
}
