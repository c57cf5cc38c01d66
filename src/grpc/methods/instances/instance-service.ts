import { randomBytes } from 'node:crypto';
import {
  CreateInstanceResponse,
  DeleteInstanceResponse,
  type InstanceServiceServer,
  type LinkInstanceResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Tokens } from '../../../access/tokens.js';
import { PrivacyError } from '../../../domain/errors.js';
import type { Instance } from '../../../domain/instance.js';
import type { Instances } from '../../../instances/instances.js';
import type { LinkEvent } from '../../../instances/linking/link-instance.js';
import type { PasskeyStep } from '../../../instances/ports/passkey-steps.js';
import { digestOf, type Idempotent } from '../../calls/idempotent.js';
import type { Stream } from '../../calls/stream.js';
import type { Unary } from '../../calls/unary.js';
import { unlessMissing } from '../../calls/unless-missing.js';
import { encodeInstance, encodeToken } from '../../messages/codec.js';
import type { PageOf } from '../../messages/page-tokens.js';
import { coveredPage } from '../../messages/pagination.js';
import {
  decodeAssertion,
  decodeConfirmation,
  decodeCreate,
  decodeDelete,
  decodeImport,
  decodeInstance,
  decodeInstanceUpdate,
  decodeLink,
  decodeList,
} from './instance-requests.js';

/** The methods of InstanceService. */
export const instanceService = (
  instances: Instances,
  tokens: Pick<Tokens, 'prepare' | 'secretOf' | 'forgetInstance'>,
  answerOnce: Idempotent,
  one: Unary,
  many: Stream,
  pageOf: PageOf,
): InstanceServiceServer => ({
  createInstance: one({
    decode: decodeCreate,
    async handle({ name: wanted, properties, requestId, content }, { method, options }) {
      const name = wanted || madeUpName();
      const request = {
        method,
        scope: method.name,
        requestId,
        digest: digestOf(method, content),
        subject: { kind: 'instance', instance: name } as const,
        signal: options.signal,
        codec: CreateInstanceResponse,
      };
      const { token, secret, ...answered } = await answerOnce(request, async saving => {
        const first = tokens.prepare({ ...FIRST_TOKEN, instance: name }, requestId);
        const answer = (instance: Instance, shown: string) => ({
          instance: encodeInstance(instance),
          token: encodeToken(first.token),
          secret: shown,
        });
        // In one commit: with less of it nobody could use the instance, and a repetition would find its name taken.
        const made = await instances.create({ name, ...properties }, instance => [
          first.write,
          ...saving(answer(instance, '')),
        ]);
        return { response: answer(made, first.secret), keep: 'saved' };
      });
      return { ...answered, token, secret: secret || tokens.secretOf(token?.id ?? '', requestId) };
    },
  }),

  getInstance: one({
    decode: decodeInstance,
    handle: ({ instance }) => ({ instance: encodeInstance(instances.get(instance)) }),
  }),

  listInstances: one({
    decode: decodeList(pageOf),
    handle(order, { principal }) {
      const page = coveredPage(instances, principal, order);
      return { ...page, instances: page.instances.map(encodeInstance) };
    },
  }),

  updateInstance: one({
    decode: decodeInstanceUpdate,
    async handle({ instance, changed, etag }, { method, principal }) {
      // Whoever sets it makes this service connect to any address that it reaches.
      if ('proxy' in changed && principal.kind !== 'ACCOUNT')
        throw new PrivacyError({ kind: 'SCOPE_DENIED', method: method.fullName, instance });
      return { instance: encodeInstance(await instances.update(instance, changed, etag)) };
    },
  }),

  deleteInstance: one({
    decode: decodeDelete,
    async handle({ instance, etag, allowMissing, requestId, content }, { method, options }) {
      const request = {
        method,
        scope: method.name,
        requestId,
        digest: digestOf(method, content),
        subject: undefined, // It outlives the instance.
        signal: options.signal,
        codec: DeleteInstanceResponse,
      };
      return answerOnce(request, async () => {
        await unlessMissing('INSTANCE_NOT_FOUND', allowMissing, instances.delete(instance, etag, options));
        tokens.forgetInstance(instance);
        return { response: {}, keep: 'yes' };
      });
    },
  }),

  linkInstance: many({
    decode: decodeLink,
    handle: ({ instance, order }, { options }) => instances.link(instance, order, options),
    encode: encodeLinkEvent,
  }),

  submitPasskeyAssertion: one({
    decode: decodeAssertion,
    handle({ instance, assertionJson }) {
      instances.submitPasskeyAssertion(instance, assertionJson);
      return {};
    },
  }),

  confirmPasskeyCode: one({
    decode: decodeConfirmation,
    handle({ instance, code }) {
      instances.confirmPasskeyCode(instance, code);
      return {};
    },
  }),

  importInstance: one({
    decode: decodeImport,
    async handle({ instance, content }, { options }) {
      return { instance: encodeInstance(await instances.import(instance, content, options)) };
    },
  }),

  unlinkInstance: one({
    decode: decodeInstance,
    async handle({ instance }, { options }) {
      return { instance: encodeInstance(await instances.unlink(instance, options)) };
    },
  }),

  reconnectInstance: one({
    decode: decodeInstance,
    async handle({ instance }, { options }) {
      return { instance: encodeInstance(await instances.reconnect(instance, options)) };
    },
  }),
});

const FIRST_TOKEN = {
  kind: 'INSTANCE',
  access: 'READ_WRITE',
  displayName: 'first token of the instance',
} as const;

const madeUpName = () => `instance-${randomBytes(5).toString('hex')}`;

function encodeLinkEvent(event: LinkEvent): LinkInstanceResponse {
  if (event.kind === 'linked') return { event: { $case: 'linked', value: encodeInstance(event.instance) } };
  if (event.kind === 'passkey') return { event: encodePasskeyStep(event.step) };
  const { kind, code, expiresAt: expireTime } = event.code;
  return kind === 'qr'
    ? { event: { $case: 'qrCode', value: { payload: code, expireTime } } }
    : { event: { $case: 'pairingCode', value: { code, expireTime } } };
}

function encodePasskeyStep(step: PasskeyStep): LinkInstanceResponse['event'] {
  if (step.kind === 'request') {
    const { optionsJson, origin, expiresAt: expireTime } = step;
    return { $case: 'passkeyRequest', value: { optionsJson, origin, expireTime } };
  }
  const { code, confirmBy: expireTime } = step;
  const mustConfirm = expireTime !== undefined;
  return { $case: 'passkeyConfirmation', value: { code, mustConfirm, expireTime } };
}
