import { setTimeout } from 'node:timers/promises';
import type { NodeAddress, Routing } from '../../../cluster/ports.js';
import { clock } from '../../../domain/time/clock.js';
import type { CallOptions } from '../../../instances/ports/orders.js';
import type { Part } from '../../calls/call-context.js';
import type { Call } from '../../calls/handler.js';
import type { AfterLoss, Codec, PlacedCall, Placement } from '../../calls/placement.js';
import type { Hops, NoAnswer } from '../../hops/hops.js';
import { METHODS } from '../../method-table.js';

/** The other nodes, for methods about many instances: each is asked for its part, and the parts are put together here. */
export type Fleet = {
  readonly routing: Pick<Routing, 'holderOf' | 'settledHolderOf' | 'others' | 'onChange'>;
  readonly hops: Pick<Hops, 'unary' | 'stream'>;
  readonly placement: Pick<Placement, 'answer'>;
  /** Asks the store for an instance whose name is not known here. */
  readonly lookUp: (instance: string) => Promise<void>;
};

/** How long another node may take for what it has in memory: by then a lost one has been noticed. */
export const PART_MS = 3_000;

/** Before a node is tried again that was not reached. */
const PAUSE_MS = 100;

/**
 * The answer of another node to the same request for its part, or why there is none. One that cannot be reached is tried
 * again for a moment, as it may be about to listen.
 */
export async function partOf<Response>(
  { hops }: Pick<Fleet, 'hops'>,
  node: NodeAddress,
  { context, options: { signal, deadline: callersEnd } }: Call,
  bytes: Uint8Array,
  codec: Pick<Codec<Response>, 'decode'>,
  { through, deadline = callersEnd }: Partial<Part> & { readonly deadline?: number } = {},
): Promise<{ readonly kind: 'answered'; readonly response: Response } | NoAnswer> {
  const hop = { context, bytes, note: through === undefined ? {} : { through } };
  const lastTry = Math.min(deadline, clock() + PART_MS) - PAUSE_MS;
  for (;;) {
    const answer = await hops.unary(node, hop, { deadline, signal });
    if (answer.kind === 'answered') return { kind: 'answered', response: codec.decode(answer.bytes) };
    if (answer.kind !== 'unreached' || signal.aborted || clock() > lastTry) return answer;
    await setTimeout(PAUSE_MS);
  }
}

/** A call about one instance that is part of one about many. */
export type OneOfMany<Request, Response> = {
  /** Of its method. */
  readonly path: string;
  readonly instance: string;
  readonly request: Request;
  readonly codecs: { readonly request: Codec<Request>; readonly response: Codec<Response> };
  readonly options: CallOptions;
  readonly note?: Readonly<Record<string, string>>;
  readonly here: PlacedCall<Request, Response>['here'];
  readonly afterLoss: AfterLoss<Request, Response>;
};

/** The answer of the node that runs the instance. */
export async function answerOfOne<Request, Response>(
  { placement }: Pick<Fleet, 'placement'>,
  { context }: Pick<Call, 'context'>,
  { path, codecs, ...one }: OneOfMany<Request, Response>,
): Promise<Response> {
  const method = METHODS.get(path);
  if (!method) throw new Error(`${path} is no method of the contract`);
  const bytes = codecs.request.encode(one.request).finish();
  const answer = await placement.answer({ ...one, bytes, context: { ...context, method } });
  return Buffer.isBuffer(answer) ? codecs.response.decode(answer) : answer;
}
