import {
  DeleteInstanceResponse,
  type InstanceServiceServer,
  type LinkInstanceResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Tokens } from '../../../access/tokens.js';
import { PrivacyError } from '../../../domain/errors.js';
import type { LinkEvent } from '../../../instances/linking/link-instance.js';
import type { PasskeyStep } from '../../../instances/ports/passkey-steps.js';
import { digestOf } from '../../calls/idempotent.js';
import type { Stream } from '../../calls/stream.js';
import type { Unary } from '../../calls/unary.js';
import { encodeInstance } from '../../messages/codec.js';
import type { PageOf } from '../../messages/page-tokens.js';
import type { Fleet } from '../fleet/fleet.js';
import { unlessMissing } from '../unless-missing.js';
import { deleteAfterLoss, importAfterLoss, unlinkAfterLoss } from './after-loss.js';
import { batchCreate, create, type Makers } from './create.js';
import {
  decodeAssertion,
  decodeBatchCreate,
  decodeConfirmation,
  decodeCreate,
  decodeDelete,
  decodeImport,
  decodeInstance,
  decodeInstanceUpdate,
  decodeLink,
  decodeList,
} from './instance-requests.js';
import { listInstances } from './list-instances.js';

/** The methods of InstanceService. */
export const instanceService = ({
  one,
  many,
  pageOf,
  fleet,
  ...makers
}: Makers & {
  readonly tokens: Pick<Tokens, 'forgetInstance'>;
  readonly one: Unary;
  readonly many: Stream;
  readonly pageOf: PageOf;
  readonly fleet: Fleet | undefined;
}): InstanceServiceServer => {
  const { instances, tokens } = makers;
  return {
    createInstance: one({ decode: decodeCreate, handle: create(makers) }),

    batchCreateInstances: one({ decode: decodeBatchCreate, handle: batchCreate(makers) }),

    getInstance: one({
      decode: decodeInstance,
      handle: ({ instance }) => ({ instance: encodeInstance(instances.get(instance)) }),
    }),

    listInstances: one({ decode: decodeList(pageOf), handle: listInstances(instances, fleet) }),

    updateInstance: one({
      afterLoss: 'repeat',
      decode: decodeInstanceUpdate,
      async handle({ instance, changed, etag }, { method, principal, options }) {
        // Whoever sets the proxy makes this service connect to any address that it reaches; labels tell tokens apart.
        if (('proxy' in changed || 'labels' in changed) && principal.kind !== 'ACCOUNT')
          throw new PrivacyError({ kind: 'SCOPE_DENIED', method: method.fullName, instance });
        return { instance: encodeInstance(await instances.update(instance, changed, options, etag)) };
      },
    }),

    deleteInstance: one({
      afterLoss: deleteAfterLoss,
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
        return makers.answerOnce(request, async () => {
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
      afterLoss: 'repeat',
      decode: decodeAssertion,
      handle({ instance, assertionJson }) {
        instances.submitPasskeyAssertion(instance, assertionJson);
        return {};
      },
    }),

    confirmPasskeyCode: one({
      afterLoss: 'repeat',
      decode: decodeConfirmation,
      handle({ instance, code }) {
        instances.confirmPasskeyCode(instance, code);
        return {};
      },
    }),

    importInstance: one({
      afterLoss: importAfterLoss,
      decode: decodeImport,
      async handle({ instance, content }, { options }) {
        return { instance: encodeInstance(await instances.import(instance, content, options)) };
      },
    }),

    unlinkInstance: one({
      afterLoss: unlinkAfterLoss,
      decode: decodeInstance,
      async handle({ instance }, { options }) {
        return { instance: encodeInstance(await instances.unlink(instance, options)) };
      },
    }),

    reconnectInstance: one({
      afterLoss: 'repeat',
      decode: decodeInstance,
      async handle({ instance }, { options }) {
        return { instance: encodeInstance(await instances.reconnect(instance, options)) };
      },
    }),
  };
};

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
