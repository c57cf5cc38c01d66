import { randomBytes } from 'node:crypto';
import {
  BatchCreateInstancesResponse,
  CreateInstanceResponse,
  type BatchCreateInstancesResponse_Entry as Entry,
} from '../../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Token, Tokens } from '../../../access/tokens.js';
import { PrivacyError } from '../../../domain/errors.js';
import type { Instance } from '../../../domain/instance.js';
import type { Instances } from '../../../instances/instances.js';
import type { Call } from '../../calls/handler.js';
import { digestOf, type Idempotent } from '../../calls/idempotent.js';
import type { InnerStatus } from '../../errors/statuses.js';
import { encodeInstance, encodeToken } from '../../messages/codec.js';
import type { decodeBatchCreate, decodeCreate } from './instance-requests.js';

type CreateOrder = ReturnType<typeof decodeCreate>;

/** What instances are made of. */
export type Makers = {
  readonly instances: Instances;
  readonly tokens: Pick<Tokens, 'prepare' | 'secretOf'>;
  readonly answerOnce: Idempotent;
  readonly statusOf: InnerStatus;
};

/** Makes an instance and its first token. */
export const create =
  ({ instances, tokens, answerOnce }: Makers) =>
  async ({ name, properties, requestId, content }: CreateOrder, call: Call) => {
    const wanted = { ...properties, name: name || madeUpName() };
    const request = {
      method: call.method,
      scope: call.method.name,
      requestId,
      digest: digestOf(call.method, content),
      subject: { kind: 'instance', instance: wanted.name } as const,
      signal: call.options.signal,
      codec: CreateInstanceResponse,
    };
    const { token, secret, ...answered } = await answerOnce(request, async saving => {
      const first = tokens.prepare(firstTokenOf(wanted.name), call.options.author);
      // In one commit: with less of it nobody could use the instance, and a repetition would find its name taken.
      const made = await instances.create(wanted, call.options, instance => [
        ...first.writes,
        ...saving(answerOf(instance, first.token)),
      ]);
      return { response: { ...answerOf(made, first.token), secret: first.secret }, keep: 'saved' };
    });
    return { ...answered, token, secret: secret || tokens.secretOf(token?.id ?? '', requestId) };
  };

/** Makes many; what is wrong with one is told in its place. */
export const batchCreate =
  ({ instances, tokens, answerOnce, statusOf }: Makers) =>
  async ({ orders, requestId, content }: ReturnType<typeof decodeBatchCreate>, call: Call) => {
    /** By the token's id; those of a repetition are made again. */
    const secrets = new Map<string, string>();
    const request = {
      method: call.method,
      scope: call.method.name,
      requestId,
      digest: digestOf(call.method, content),
      subject: undefined,
      signal: call.options.signal,
      codec: BatchCreateInstancesResponse,
    };
    const { entries } = await answerOnce(request, async saving => {
      const plans = orders.flatMap(order => ('refusal' in order ? [] : [planOf(order)]));
      let response: BatchCreateInstancesResponse = { entries: [] };
      await instances.createEach(plans, call.options, made => {
        const ends = new Map<unknown, Entry>(
          plans.map((plan, index) => [plan.order, endOf(plan, made[index])]),
        );
        const entries = orders.map(order => ends.get(order) ?? failed('refusal' in order && order.refusal));
        response = { entries };
        return saving(response);
      });
      return { response, keep: 'saved' };
    });
    return { entries: entries.map(withSecret) };

    function planOf(order: CreateOrder) {
      const wanted = { ...order.properties, name: order.name || madeUpName() };
      const first = tokens.prepare(firstTokenOf(wanted.name), call.options.author);
      return { order, wanted, first, along: () => first.writes };
    }

    function endOf({ wanted, first }: ReturnType<typeof planOf>, made: Instance | undefined): Entry {
      if (!made) return failed(new PrivacyError({ kind: 'INSTANCE_ALREADY_EXISTS', instance: wanted.name }));
      secrets.set(first.token.id, first.secret);
      return { result: { $case: 'success', value: answerOf(made, first.token) } };
    }

    function withSecret({ result }: Entry): Entry {
      if (result?.$case !== 'success') return { result };
      const id = result.value.token?.id ?? '';
      const secret = secrets.get(id) ?? tokens.secretOf(id, requestId);
      return { result: { $case: 'success', value: { ...result.value, secret } } };
    }

    function failed(error: unknown): Entry {
      return { result: { $case: 'error', value: statusOf(error, call) } };
    }
  };

const firstTokenOf = (instance: string) =>
  ({
    kind: 'INSTANCE',
    instance,
    access: 'READ_WRITE',
    displayName: 'first token of the instance',
  }) as const;

const answerOf = (instance: Instance, token: Token): CreateInstanceResponse => ({
  instance: encodeInstance(instance),
  token: encodeToken(token),
  secret: '',
});

const madeUpName = () => `instance-${randomBytes(5).toString('hex')}`;
