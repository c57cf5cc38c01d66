import { randomBytes } from 'node:crypto';
import {
  CreateInstanceResponse,
  type InstanceServiceServer,
  type LinkInstanceResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Tokens } from '../../access/tokens.js';
import type { CallOptions } from '../../instances/account/orders.js';
import type { Instances } from '../../instances/instances.js';
import type { LinkEvent } from '../../instances/member/link-instance.js';
import { digestOf, type Idempotent } from '../calls/idempotent.js';
import type { Stream } from '../calls/stream.js';
import type { Unary } from '../calls/unary.js';
import { encodeInstance, encodeToken } from '../messages/codec.js';
import { coveredPage } from '../messages/pagination.js';
import {
  decodeCreate,
  decodeDelete,
  decodeInstanceUpdate,
  decodeLink,
  decodeList,
  decodeName,
} from './instance-requests.js';

/** The methods of InstanceService. */
export const instanceService = (
  instances: Instances,
  tokens: Pick<Tokens, 'mint' | 'forgetInstance'>,
  answerOnce: Idempotent,
  one: Unary,
  many: Stream,
): InstanceServiceServer => ({
  createInstance: one({
    decode: decodeCreate,
    async handle({ name, properties, requestId, content }, { method, options }) {
      let secret = ''; // Stays here: a repetition must not get it.
      const request = {
        method,
        scope: method.name,
        requestId,
        digest: digestOf(method, content),
        codec: CreateInstanceResponse,
      };
      const response = await answerOnce(request, async () => {
        const wanted = { name: name || madeUpName(), ...properties };
        const { instance, minted } = await createWithToken(instances, tokens, wanted, options);
        secret = minted.secret;
        const made = { instance: encodeInstance(instance), token: encodeToken(minted.token), secret: '' };
        return { response: made, keep: true };
      });
      return { ...response, secret };
    },
  }),

  getInstance: one({
    decode: decodeName,
    handle: ({ instance }) => ({ instance: encodeInstance(instances.get(instance)) }),
  }),

  listInstances: one({
    decode: decodeList,
    handle(order, { principal }) {
      const page = coveredPage(instances, principal, order);
      return { ...page, instances: page.instances.map(encodeInstance) };
    },
  }),

  updateInstance: one({
    decode: decodeInstanceUpdate,
    async handle({ instance, changed }) {
      return { instance: encodeInstance(await instances.update(instance, changed)) };
    },
  }),

  deleteInstance: one({
    decode: decodeDelete,
    async handle({ instance, etag }, { options }) {
      await instances.delete(instance, etag, options);
      tokens.forgetInstance(instance);
      return {};
    },
  }),

  linkInstance: many({
    decode: decodeLink,
    handle: ({ instance, method }, { options }) => instances.link(instance, method, options),
    encode: encodeLinkEvent,
  }),

  unlinkInstance: one({
    decode: decodeName,
    async handle({ instance }, { options }) {
      return { instance: encodeInstance(await instances.unlink(instance, options)) };
    },
  }),

  reconnectInstance: one({
    decode: decodeName,
    handle: ({ instance }) => ({ instance: encodeInstance(instances.reconnect(instance)) }),
  }),
});

/** Makes an instance and its first token, or neither: nobody could use it, and a repetition would find its name taken. */
async function createWithToken(
  instances: Pick<Instances, 'create' | 'delete'>,
  tokens: Pick<Tokens, 'mint'>,
  wanted: Parameters<Instances['create']>[0],
  options: CallOptions,
) {
  const instance = await instances.create(wanted);
  const wish = { kind: 'INSTANCE', access: 'READ_WRITE', label: 'first token of the instance' } as const;
  try {
    return { instance, minted: await tokens.mint({ ...wish, instance: instance.name }) };
  } catch (error) {
    await instances.delete(instance.name, undefined, options).catch(() => undefined); // The first failure tells.
    throw error;
  }
}

const madeUpName = () => `instance-${randomBytes(5).toString('hex')}`;

function encodeLinkEvent(event: LinkEvent): LinkInstanceResponse {
  if (event.kind === 'linked') return { event: { $case: 'linked', value: encodeInstance(event.instance) } };
  const { kind, code, expiresAt: expireTime } = event.code;
  return kind === 'qr'
    ? { event: { $case: 'qrCode', value: { payload: code, expireTime } } }
    : { event: { $case: 'pairingCode', value: { code, expireTime } } };
}
