import { proto, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../../src/simulator/index.js';
import { isSignedBy, keyPairOf, newKeyPair, sign } from '../../../src/simulator/wire/xeddsa.js';
import { dial, linked, newClient, nextQr } from '../support/baileys.js';
import { noiseClient, type Shown } from '../support/noise-client.js';

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator();
});
afterEach(() => simulator.stop());

async function shown(options = {}): Promise<Shown> {
  const client = noiseClient(simulator.url, options);
  const answer = await client.xx();
  client.close();
  return answer;
}

/** The check of WhatsApp's own clients: root signs the intermediate, that signs the leaf, that holds the key. */
function isTrusted({ staticKey, chain: { intermediate, leaf } }: Shown, rootKey: string): boolean {
  const { Details } = proto.CertChain.NoiseCertificate;
  const [middle, end] = [intermediate?.details ?? Buffer.of(), leaf?.details ?? Buffer.of()];
  const issuer = Details.decode(middle);
  return (
    issuer.issuerSerial === WA_CERT_DETAILS.SERIAL &&
    isSignedBy(Buffer.from(rootKey, 'hex'), middle, intermediate?.signature ?? Buffer.of()) &&
    isSignedBy(issuer.key ?? Buffer.of(), end, leaf?.signature ?? Buffer.of()) &&
    Details.decode(end).issuerSerial === issuer.serial &&
    staticKey.equals(Details.decode(end).key ?? Buffer.of())
  );
}

describe('the certificate', () => {
  test('is signed by the root key the simulator names', async () => {
    expect(isTrusted(await shown(), simulator.rootKey)).toBe(true);
    expect(isTrusted(await shown(), Buffer.from(newKeyPair().public).toString('hex'))).toBe(false);
  });

  test.each(['other_root', 'changed_leaf', 'changed_intermediate'] as const)(
    'can be shown with %s, which no client that checks accepts',
    async certificate => {
      simulator.behaviour.certificate = certificate;
      expect(isTrusted(await shown(), simulator.rootKey)).toBe(false);
    },
  );

  test('has another root for each simulator unless one is given', async () => {
    const rootPrivateKey = Buffer.from(newKeyPair().private).toString('hex');
    const one = await startSimulator({ rootPrivateKey });
    const two = await startSimulator({ rootPrivateKey });
    expect(one.rootKey).toBe(two.rootKey);
    expect(one.rootKey).not.toBe(simulator.rootKey);
    await Promise.all([one.stop(), two.stop()]);
  });
});

describe('the handshake', () => {
  test('takes an intro in pieces, with routing info and without', async () => {
    expect(isTrusted(await shown({ chunk: 1 }), simulator.rootKey)).toBe(true);
    expect(isTrusted(await shown({ chunk: 3, routingInfo: Buffer.from('route') }), simulator.rootKey)).toBe(
      true,
    );
  });

  test('is shorter for a client that knows the server key, and falls back for one that knows another', async () => {
    const { staticKey } = await shown();
    const payload = proto.ClientPayload.encode({ username: 1, device: 1 }).finish();
    const resume = (serverKey: Uint8Array) => noiseClient(simulator.url).ik(serverKey, newKeyPair(), payload);
    expect(await resume(staticKey)).toBe('IK');
    expect(await resume(newKeyPair().public)).toBe('XXfallback');
  });

  test('waits for a while where there is latency', async () => {
    simulator.behaviour.latencyMs = 100;
    const started = performance.now();
    await nextQr(dial(simulator, newClient()));
    // Upgrade, hello, and half a trip for the client's finish and half for pair-device.
    expect(performance.now() - started).toBeGreaterThanOrEqual(295);
  });
});

describe('XEdDSA', () => {
  const key = newKeyPair();
  const message = Buffer.from('message');

  test('takes a true signature and no other', () => {
    const signature = sign(key, message);
    expect(isSignedBy(key.public, message, signature)).toBe(true);
    expect(isSignedBy(key.public, Buffer.from('massage'), signature)).toBe(false);
    expect(isSignedBy(newKeyPair().public, message, signature)).toBe(false);
    expect(isSignedBy(key.public, message, Buffer.alloc(64, 1))).toBe(false);
    expect(isSignedBy(key.public, message, signature.subarray(1))).toBe(false);
  });

  test('derives the public key from the private one', () => {
    expect(keyPairOf(Buffer.from(key.private)).public).toEqual(Buffer.from(key.public));
  });
});

test('the account signature that a phone gives is true unless it is to lie', async () => {
  const phone = simulator.addPhone({ phoneNumber: '15550100001' });
  const isAccountSigned = async () => {
    const { client } = await linked(simulator, phone);
    const { account, signedIdentityKey } = client.creds;
    const signed = Buffer.concat([
      Buffer.from([6, 0]),
      account?.details ?? Buffer.of(),
      signedIdentityKey.public,
    ]);
    return isSignedBy(
      account?.accountSignatureKey ?? Buffer.of(),
      signed,
      account?.accountSignature ?? Buffer.of(),
    );
  };
  expect(await isAccountSigned()).toBe(true);
  simulator.behaviour.pairSuccess = 'wrong_account_signature';
  // Baileys links all the same: its own check accepts anything.
  expect(await isAccountSigned()).toBe(false);
});
