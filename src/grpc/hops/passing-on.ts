import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Holder } from '../../cluster/ports.js';
import { instanceMoved, PrivacyError } from '../../domain/errors.js';
import { clock } from '../../domain/time/clock.js';
import type { CallContext } from '../calls/call-context.js';
import { namedInstance } from '../calls/named-instances.js';
import { FOLLOWS_UP, type FollowUp, isMoved, type PlacedCall, type Placement } from '../calls/placement.js';
import { FirstAnswer } from '../errors/statuses.js';
import type { Hops, NoAnswer } from './hops.js';
import type { NodeOptions } from './node-options.js';

type Parts = Pick<NodeOptions, 'routing' | 'hopLog' | 'lookUp'> & {
  readonly hops: Hops;
  /** Whether there is such an instance, as far as is known here. */
  readonly exists: (instance: string) => boolean;
};

/** Before the same node is tried once more. */
const PAUSE_MS = 250;
/** Of a node that is nobody's: whether the instance is still there is looked up so often. */
const LOOK_UP_MS = 2_000;
/** One call ends no more nodes than this. */
const MOST_LOSSES = 2;
/**
 * The other node answers this long before the caller's time is over, and this one a little later where that is lost:
 * well before it would answer without details.
 */
const HOP_MS = 50;

const MOVED: NoAnswer = { kind: 'moved' };
/** The instance was lost to this node when something may have been sent. */
const CUT_OFF = { kind: 'cut_off' } as const;

/** Calls of callers: passed on when another node runs their instance. What does not exist is answered here. */
export function passingOn({ routing, hopLog, lookUp, hops, exists }: Parts): Placement {
  const isHere = (instance: string | undefined): boolean =>
    instance === undefined || routing.holderOf(instance).kind === 'here' || !exists(instance);

  /** Who runs it after this one; undefined when that does not exist any more. */
  async function next(instance: string, last: Holder, over: AbortSignal): Promise<Holder | undefined> {
    for (;;) {
      const soon = AbortSignal.any([over, AbortSignal.timeout(LOOK_UP_MS)]);
      const found = await routing.settledHolderOf(instance, soon);
      if (over.aborted) throw instanceMoved(instance);
      if (found.kind === 'nobody') {
        await lookUp(instance);
        if (!exists(instance)) return undefined;
      }
      if (found.kind === 'nobody' || isSame(found, last)) await pause(over);
      if (over.aborted) throw instanceMoved(instance);
      if (found.kind !== 'nobody') return found;
    }
  }

  async function answerHere<Request, Response>({ request, here }: PlacedCall<Request, Response>) {
    let hasBegun = false;
    const noting = async () => {
      hasBegun = true;
    };
    try {
      return { kind: 'answered', answer: await here(request, noting) } as const;
    } catch (error) {
      if (isMoved(error)) return hasBegun ? CUT_OFF : MOVED;
      throw error;
    }
  }

  async function attempt<Request, Response>(call: PlacedCall<Request, Response>, holder: Holder, id: string) {
    if (holder.kind === 'nobody') return MOVED;
    if (holder.kind === 'here') return answerHere(call);
    const { context, bytes, note, options } = call;
    const { deadline, signal } = options;
    const end = await hops.unary(
      holder.node,
      { context, bytes, id, ...(note && { note }) },
      { deadline: deadline + HOP_MS, signal },
    );
    return end.kind === 'answered' ? { kind: end.kind, answer: end.bytes } : end;
  }

  /** Whether a change that was lost may have sent anything; from now on it cannot, where it has not. */
  const mayHaveBegun = (id: string): Promise<boolean> =>
    hopLog.forbid(id).then(
      isForbidden => !isForbidden,
      () => true,
    );

  async function followUp<Request, Response>(
    call: PlacedCall<Request, Response>,
    { request: codec, response, ask, tell }: FollowUp<Request, Response>,
  ): Promise<Response> {
    const request = ask(call.request);
    const followsUp = call.options.author?.requestId ?? '';
    const asking = answer({
      ...call,
      request,
      note: { ...call.note, [FOLLOWS_UP]: followsUp },
      here: (asked, beforeSending) => call.here(asked, beforeSending, followsUp),
      bytes: codec.encode(request).finish(),
      afterLoss: 'repeat',
    });
    const seen = await asking.then(
      found => ({ response: Buffer.isBuffer(found) ? response.decode(found) : found }),
      (error: unknown) => ({ error }),
    );
    return tell(call.request, seen);
  }

  async function answer<Request, Response>(call: PlacedCall<Request, Response>): Promise<Response | Buffer> {
    const { instance, context, options } = call;
    const afterLoss = context.method.permit.access === 'READ_ONLY' ? 'repeat' : call.afterLoss;
    let over: AbortSignal | undefined;
    let losses = 0;
    for (let holder: Holder | undefined = routing.holderOf(instance); ; ) {
      if (holder === undefined || !exists(instance)) return call.here(call.request);
      const id = randomUUID();
      const end = await attempt(call, holder, id);
      if (end.kind === 'answered') return end.answer;
      if (end.kind === 'failed') throw new FirstAnswer(end.status, end.pushbackMs);
      if (end.kind === 'lost' || end.kind === 'cut_off') {
        losses++;
        if (afterLoss === undefined) throw connectionLost(instance);
        if (afterLoss === 'repeat' && clock() >= options.deadline) throw tooShort(instance);
        if (afterLoss !== 'repeat' && (end.kind === 'cut_off' || (await mayHaveBegun(id))))
          return followUp(call, afterLoss);
        if (losses === MOST_LOSSES) throw instanceMoved(instance);
      }
      over ??= untilDeadline(options);
      holder = await next(instance, holder, over);
    }
  }

  return {
    meet(request, context) {
      const instance = namedInstance(request, context.method);
      const isAsked = instance !== undefined && !exists(instance) && mayCover(context, instance);
      return isAsked ? lookUp(instance) : undefined;
    },

    isHere: (request, context) => isHere(namedInstance(request, context.method)),

    answer,

    async *stream({ context, instance, bytes, options, note, here }) {
      let over: AbortSignal | undefined;
      for (let holder: Holder | undefined = routing.holderOf(instance); ; ) {
        if (holder === undefined || holder.kind === 'here' || !exists(instance)) return yield* here();
        let hasBegun = false;
        if (holder.kind === 'elsewhere') {
          const { deadline, signal } = options;
          const hop = { context, bytes, ...(note && { note }) };
          const events = hops.stream(holder.node, hop, { deadline: deadline + HOP_MS, signal });
          let next = await events.next();
          try {
            for (; !next.done; next = await events.next()) {
              hasBegun = true;
              yield next.value;
            }
          } finally {
            if (!next.done) await events.return({ kind: 'ended' });
          }
          const end = next.value;
          if (end.kind === 'ended') return;
          if (end.kind === 'failed') throw new FirstAnswer(end.status, end.pushbackMs);
          // What was shown to the caller belongs to the node that is lost.
          if (end.kind === 'lost' || hasBegun) throw connectionLost(instance);
        }
        over ??= untilDeadline(options);
        holder = await next(instance, holder, over);
      }
    },
  };
}

/** Not of a token that covers one instance, and another. */
const mayCover = ({ principal }: CallContext, instance: string): boolean =>
  principal?.kind !== 'INSTANCE' || principal.instance === instance;

const pause = (signal: AbortSignal): Promise<void> =>
  setTimeout(PAUSE_MS, undefined, { signal }).catch(() => undefined);

const isSame = (one: Holder, other: Holder): boolean =>
  one.kind === other.kind && one.kind !== 'nobody' && other.kind !== 'nobody' && one.epoch === other.epoch;

const untilDeadline = ({ deadline, signal }: PlacedCall<unknown, unknown>['options']): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(Math.max(Math.floor(deadline - clock()), 0))]);

/** The other node was at it until then. */
const tooShort = (instance: string): PrivacyError =>
  new PrivacyError({ kind: 'DEADLINE_TOO_SHORT', instance });

const connectionLost = (instance: string): PrivacyError =>
  new PrivacyError({ kind: 'CONNECTION_LOST', instance });
