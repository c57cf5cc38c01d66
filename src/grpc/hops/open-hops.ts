import { randomUUID } from 'node:crypto';
import { type Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { NodeAddress } from '../../cluster/ports.js';
import { slotOf, slots } from '../../domain/slots.js';
import { clock } from '../../domain/time/clock.js';
import { wallMs } from '../../domain/time/wall-time.js';
import { principalOf } from '../calls/call-context.js';
import { openConnections, type Purpose } from './connections.js';
import type { Hop, Hops } from './hops.js';
import { endOf } from './marks.js';
import type { NodeOptions } from './node-options.js';
import { digestOfBody, PROOF, PROOF_MS, prove } from './proof.js';

/** Fewer than another node takes: beyond that they would wait unsent, and nobody would know why. */
export const MOST_HOPS = 4_000;

const UNREACHED = { kind: 'unreached' } as const;

/** Calls to other nodes, over connections that are made when they are needed. */
export function openHops({ selfId, hopKey, routing, tls }: Omit<NodeOptions, 'hopLog' | 'lookUp'>): Hops {
  const connections = openConnections(tls, () => routing.others());
  const places: Readonly<Record<Purpose, ReturnType<typeof slots>>> = {
    calls: slots(MOST_HOPS),
    streams: slots(MOST_HOPS),
  };
  const placeFor = (purpose: Purpose, { id }: NodeAddress) =>
    slotOf(places[purpose](id), { limit: MOST_HOPS, subject: 'node', unit: `${purpose} passed on` });

  /** Made when the call leaves, for it does not hold for long. */
  function proving({ id: to }: NodeAddress, hop: Hop): Metadata {
    const { context, bytes, note = {}, id = randomUUID() } = hop;
    const { requestId, peer } = context;
    const metadata = new Metadata();
    const claims = {
      id,
      from: selfId(),
      to,
      expireMs: wallMs() + PROOF_MS,
      path: pathOf(hop),
      bodyDigest: digestOfBody(bytes),
      requestId,
      peer,
      principal: principalOf(context),
      note,
    };
    metadata.set(PROOF, prove(hopKey, claims));
    return metadata;
  }

  return {
    async unary(node, hop, { deadline, signal }) {
      using _place = placeFor('calls', node);
      const client = await connections.to(node, 'calls', deadline - clock());
      if (!client || signal.aborted || deadline <= clock()) return UNREACHED;
      const metadata = proving(node, hop);
      return new Promise(resolve => {
        const ended = (error: ServiceError | null, bytes?: Buffer) => {
          signal.removeEventListener('abort', cancel);
          resolve(bytes ? { kind: 'answered', bytes } : endOf(error as ServiceError));
        };
        const options = { deadline: wallDeadline(deadline) };
        const out = client.makeUnaryRequest(pathOf(hop), asIs, asIs, bufferOf(hop), metadata, options, ended);
        const cancel = () => out.cancel();
        signal.addEventListener('abort', cancel, { once: true });
      });
    },

    async *stream(node, hop, { deadline, signal }) {
      using _place = placeFor('streams', node);
      const client = await connections.to(node, 'streams', (deadline ?? Number.POSITIVE_INFINITY) - clock());
      if (!client || signal.aborted) return UNREACHED;
      const out = openStream(client, node, hop, deadline);
      out.on('error', () => undefined); // Also when nobody iterates any more.
      const cancel = () => out.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      let isOver = false;
      try {
        // Asks for no more messages than are taken, so that a slow reader holds back the other node.
        for await (const message of out) yield message as Buffer;
        isOver = true;
        return { kind: 'ended' };
      } catch (error) {
        isOver = true;
        return endOf(error as ServiceError);
      } finally {
        signal.removeEventListener('abort', cancel);
        if (!isOver) cancel();
      }
    },

    close: () => connections.close(),
  };

  function openStream(client: Client, node: NodeAddress, hop: Hop, deadline: number | undefined) {
    const options = deadline === undefined ? {} : { deadline: wallDeadline(deadline) };
    return client.makeServerStreamRequest(
      pathOf(hop),
      asIs,
      asIs,
      bufferOf(hop),
      proving(node, hop),
      options,
    );
  }
}

const asIs = (bytes: Buffer): Buffer => bytes;
const pathOf = ({ path, context }: Hop): string => path ?? `/${context.method.fullName}`;
const bufferOf = ({ bytes }: Hop): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
/** As grpc-js has deadlines; on the wire they are the time that is left. */
const wallDeadline = (deadline: number): number => wallMs() + deadline - clock();
