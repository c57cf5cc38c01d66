import { randomUUID } from 'node:crypto';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { PrivacyServiceService as Privacy } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import {
  type Claims,
  digestOfBody,
  PROOF,
  PROOF_MS,
  proofReader,
  prove,
} from '../../../src/grpc/hops/proof.js';
import { caller } from '../../support/call.js';
import { HOP_KEY, openNodes } from '../support/two-nodes.js';

const { getPrivacySettings, updatePrivacySettings } = Privacy;
const read = getPrivacySettings.requestSerialize({ instance: 'desk', maxAge: undefined });
const write = updatePrivacySettings.requestSerialize({
  ...updatePrivacySettings.requestDeserialize(Buffer.of()),
  instance: 'desk',
  visibility: { lastSeen: LastSeenVisibility.NONE },
});

/** What the first node would say of a read of the second's instance. */
const claims = (changed: Partial<Claims> = {}): Claims => ({
  id: randomUUID(),
  from: 'node-0',
  to: 'node-1',
  expireMs: Date.now() + PROOF_MS,
  path: getPrivacySettings.path,
  bodyDigest: digestOfBody(read),
  requestId: 'mine',
  peer: '127.0.0.1',
  principal: {
    tokenId: 'token',
    tokenDisplayName: '',
    kind: 'ACCOUNT',
    instance: undefined,
    selector: undefined,
    access: 'READ_WRITE',
    certificateSubject: undefined,
  },
  note: {},
  ...changed,
});

async function internalListener() {
  const opened = await openNodes();
  const [, holder] = opened.nodes;
  opened.give('desk', holder.node);
  const { client } = caller(holder.node.address, 'unused');
  const call = (proof: Buffer | undefined, path: string = getPrivacySettings.path, body: Buffer = read) =>
    new Promise<Pick<ServiceError, 'code' | 'details' | 'metadata'>>(resolve => {
      const metadata = new Metadata();
      if (proof) metadata.set(PROOF, proof);
      metadata.set('authorization', `Bearer ${holder.secret}`);
      const asIs = (bytes: Buffer) => bytes;
      client.makeUnaryRequest(path, asIs, asIs, body, metadata, error =>
        resolve(error ?? { code: status.OK, details: '', metadata: new Metadata() }),
      );
    });
  return { ...opened, holder, call };
}

describe('the listener for other nodes', () => {
  test('answers who has the key of all nodes', async () => {
    const { call } = await internalListener();
    expect(await call(prove(HOP_KEY, claims()))).toMatchObject({ code: status.OK });
  });

  const key = Buffer.alloc(32, 'key of a stranger');
  const good = prove(HOP_KEY, claims());
  const flipped = (at: number) => Buffer.from(good).fill((good[at] ?? 0) ^ 1, at, at + 1);
  const STRANGERS: Readonly<Record<string, Buffer | undefined>> = {
    'no proof, but a token that is good elsewhere': undefined,
    'an empty proof': Buffer.of(),
    'bytes that are no proof': Buffer.alloc(100, 1),
    'a proof made with another key': prove(key, claims()),
    'a proof whose code was changed': flipped(0),
    'a proof whose claims were changed': flipped(good.length - 2),
    'a proof for another node': prove(HOP_KEY, claims({ to: 'node-0' })),
    'a proof for another method': prove(HOP_KEY, claims({ path: updatePrivacySettings.path })),
    'a proof for another request': prove(HOP_KEY, claims({ bodyDigest: digestOfBody(write) })),
    'a proof that has expired': prove(HOP_KEY, claims({ expireMs: Date.now() - 1 })),
    'a proof that would be good for long': prove(HOP_KEY, claims({ expireMs: Date.now() + 60_000 })),
  };
  test.each(Object.keys(STRANGERS))('refuses who sends %s', async what => {
    const { call, holder } = await internalListener();
    let asked = 0;
    const { readSettings } = holder.instances;
    holder.instances.readSettings = (...args) => {
      asked++;
      return readSettings.call(holder.instances, ...args);
    };
    const { code, details, metadata } = await call(STRANGERS[what]);
    expect(code).toBe(status.UNAUTHENTICATED);
    expect(asked).toBe(0);
    if (what === 'a proof for another request') return; // It is of one who has the key.
    expect(details).toBe('');
    expect(metadata.get('grpc-status-details-bin')).toEqual([]);
    expect(holder.calls).toEqual([]);
  });

  test('takes each proof once', async () => {
    const { call } = await internalListener();
    const proof = prove(HOP_KEY, claims());
    expect(await call(proof)).toMatchObject({ code: status.OK });
    expect(await call(proof)).toMatchObject({ code: status.UNAUTHENTICATED, details: '' });
  });

  test('answers for no instance that it does not run, and passes nothing on', async () => {
    const { call, nodes, give } = await internalListener();
    give('desk', nodes[0].node);
    const { code, metadata } = await call(prove(HOP_KEY, claims()));
    expect(code).toBe(status.UNAVAILABLE);
    expect(metadata.get('wa-privacy-hop')).toEqual(['moved']);
    expect(nodes[0].calls).toEqual([]);
  });

  test('holds a call against the token that it is made with', async () => {
    const { call, holder } = await internalListener();
    const { principal } = claims();
    const poor = { ...principal, access: 'READ_ONLY' } as const;
    const path = updatePrivacySettings.path;
    const proof = prove(HOP_KEY, claims({ path, bodyDigest: digestOfBody(write), principal: poor }));
    expect(await call(proof, path, write)).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(holder.calls).toMatchObject([{ tokenId: 'token', fromNode: 'node-0' }]);
  });
});

test('on the listener for callers a proof is nothing', async () => {
  const { nodes, give } = await openNodes();
  give('desk', nodes[1].node);
  const { client } = caller(nodes[1].address, 'unused');
  const withProof = new Metadata();
  withProof.set(PROOF, prove(HOP_KEY, claims()));
  const asIs = (bytes: Buffer) => bytes;
  const code = await new Promise<status | undefined>(resolve =>
    client.makeUnaryRequest(getPrivacySettings.path, asIs, asIs, read, withProof, error =>
      resolve(error?.code),
    ),
  );
  expect(code).toBe(status.UNAUTHENTICATED);
});

test('proofs that have expired are not remembered', () => {
  let now = 0;
  const reader = proofReader(
    HOP_KEY,
    () => 'node-1',
    () => now,
  );
  const proof = prove(HOP_KEY, claims({ id: 'a', expireMs: PROOF_MS }));
  expect(reader(proof, getPrivacySettings.path)?.id).toBe('a');
  expect(reader(proof, getPrivacySettings.path)).toBe(undefined);
  now = PROOF_MS - 1;
  expect(reader(proof, getPrivacySettings.path)).toBe(undefined);
  now = PROOF_MS;
  const later = prove(HOP_KEY, claims({ id: 'b', expireMs: 2 * PROOF_MS }));
  expect(reader(later, getPrivacySettings.path)?.id).toBe('b');
  expect(reader(proof, getPrivacySettings.path)).toBe(undefined);
});
