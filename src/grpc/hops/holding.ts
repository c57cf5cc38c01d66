import { Metadata, status } from '@grpc/grpc-js';
import { instanceMoved, PrivacyError } from '../../domain/errors.js';
import type { CallContext } from '../calls/call-context.js';
import { namedInstance } from '../calls/named-instances.js';
import { isMoved, type Placement } from '../calls/placement.js';
import { bytesOf } from '../calls/reading.js';
import type { Answer } from '../errors/statuses.js';
import { mark } from './marks.js';
import type { NodeOptions } from './node-options.js';
import { digestOfBody, PROOF, type ProofReader } from './proof.js';

/** Lets through what another node vouches for, as the call of who called there. */
export const hopCheck =
  (read: ProofReader) =>
  (context: CallContext, metadata: Metadata): void => {
    const [proof] = metadata.get(PROOF);
    const claims = Buffer.isBuffer(proof) ? read(proof, `/${context.method.fullName}`) : undefined;
    if (!claims) {
      context.tokenFault = proof === undefined ? 'token_missing' : 'token_bad';
      throw new PrivacyError({ kind: 'TOKEN_INVALID' });
    }
    const { id, from, peer, note, bodyDigest, requestId, principal } = claims;
    context.requestId = requestId;
    context.principal = principal;
    context.passedOn = { id, from, peer, note, bodyDigest, hasBegun: false };
  };

/** A stranger is told nothing; nodes are told whether a status is that of this one, and whether anything was done. */
export const hopAnswers =
  (answer: Answer): Answer =>
  (error, call) => {
    const { passedOn } = call as Partial<CallContext>;
    if (!passedOn) return { code: status.UNAUTHENTICATED, details: '', metadata: new Metadata() };
    const told = answer(error, call);
    if (!isLeft(error)) mark(told.metadata, 'answered');
    // Without a mark the other node finds out what became of it.
    else if (!passedOn.hasBegun) mark(told.metadata, 'moved');
    return told;
  };

/** Whether the call is for the next node. */
const isLeft = (error: unknown): boolean =>
  isMoved(error) || (error instanceof PrivacyError && error.problem.kind === 'SHUTTING_DOWN');

/** Calls that other nodes have passed on. They are answered here or not at all. */
export const holding = ({ routing, hopLog }: Pick<NodeOptions, 'routing' | 'hopLog'>): Placement => ({
  meet: () => undefined,

  isHere(request, context) {
    const { passedOn } = context;
    const bytes = bytesOf(request);
    if (!passedOn || !bytes || digestOfBody(bytes) !== passedOn.bodyDigest)
      throw new PrivacyError({ kind: 'TOKEN_INVALID' });
    const instance = namedInstance(request, context.method);
    if (instance !== undefined && routing.holderOf(instance).kind !== 'here') throw instanceMoved(instance);
    return true;
  },

  answer({ context: { passedOn }, instance, request, here }) {
    let beginning: Promise<void> | undefined;
    async function begin() {
      const holder = routing.holderOf(instance);
      if (!passedOn || holder.kind !== 'here') throw instanceMoved(instance);
      await hopLog.begin({ id: passedOn.id, instance, epoch: holder.epoch });
      passedOn.hasBegun = true;
    }
    return here(request, () => (beginning ??= begin()));
  },

  stream: ({ here }) => here(),
});
