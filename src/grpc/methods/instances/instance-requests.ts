import {
  BatchCreateInstancesRequest,
  type ConfirmPasskeyCodeRequest,
  CreateInstanceRequest,
  DeleteInstanceRequest,
  type ImportInstanceRequest,
  Instance_ConnectionMode,
  Instance_Presence,
  Instance_State,
  instance_ConnectionModeToJSON,
  instance_PresenceToJSON,
  instance_StateToJSON,
  type LinkInstanceRequest,
  ListInstancesRequest,
  type SubmitPasskeyAssertionRequest,
  type UpdateInstanceRequest,
} from '../../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { LARGEST_CREDS, MOST_INSTANCES } from '../../../contract/sizes.js';
import { PrivacyError } from '../../../domain/errors.js';
import type { LinkMethod } from '../../../instances/ports/ports.js';
import type { Caller } from '../../calls/handler.js';
import * as checkLabels from '../../messages/check-labels.js';
import { accept, type Checked, together, valid, violation } from '../../messages/checked.js';
import type { PageOf } from '../../messages/page-tokens.js';
import * as check from '../../messages/validate.js';

export function decodeCreate(request: CreateInstanceRequest) {
  const { name, requestId, ...properties } = accept({
    name: check.unlessEmpty(request.name, name => check.instanceName('name', name)),
    displayName: check.displayName('display_name', request.displayName),
    requestId: check.unlessEmpty(request.requestId, check.requestId),
    connectionMode: modeOf(request.connectionMode),
    proxy: check.proxy(request.proxy),
    presence: presenceOf(request.presence),
    labels: checkLabels.labels('labels', request.labels),
  });
  const content = () => CreateInstanceRequest.encode({ ...request, requestId: '' }).finish();
  return { name, properties, requestId, content };
}

/** The orders of the requests, or in their place what is wrong with them. */
export function decodeBatchCreate(request: BatchCreateInstancesRequest) {
  const { orders, requestId } = accept({
    orders: batched(request.requests),
    requestId: check.unlessEmpty(request.requestId, check.requestId),
  });
  const content = () => BatchCreateInstancesRequest.encode({ ...request, requestId: '' }).finish();
  return { orders, requestId, content };
}

type BatchOrder = ReturnType<typeof decodeCreate> | { readonly refusal: PrivacyError };

function batched(requests: readonly CreateInstanceRequest[]): Checked<readonly BatchOrder[]> {
  if (requests.length === 0)
    return violation('requests', 'REQUIRED', 'requests must hold an instance to make');
  if (requests.length > MOST_INSTANCES)
    return violation('requests', 'OUT_OF_RANGE', `requests must hold at most ${MOST_INSTANCES} instances`);
  return valid(requests.map(decodeBatched));
}

function decodeBatched(request: CreateInstanceRequest): BatchOrder {
  try {
    accept({ requestId: check.absent('request_id', request.requestId, 'the batch has one') });
    return decodeCreate(request);
  } catch (refusal) {
    if (refusal instanceof PrivacyError) return { refusal };
    throw refusal;
  }
}

export const decodeInstanceUpdate = (request: UpdateInstanceRequest) =>
  accept({
    instance: check.instanceName('instance', request.instance),
    changed: changed(request),
    etag: valid(request.etag || undefined),
  });

function changed({ displayName, connectionMode, presence, proxy, ...request }: UpdateInstanceRequest) {
  const { labelsToSet, labelsToRemove } = request;
  const changesLabels = Object.keys(labelsToSet).length > 0 || labelsToRemove.length > 0;
  if (!changesLabels && [displayName, connectionMode, presence, proxy].every(value => value === undefined))
    return violation('', 'REQUIRED', 'At least one property must be provided');
  return together({
    ...(displayName !== undefined && { displayName: check.displayName('display_name', displayName) }),
    ...(connectionMode !== undefined && { connectionMode: modeOf(connectionMode) }),
    ...(proxy !== undefined && { proxy: check.proxy(proxy) }),
    ...(presence !== undefined && { presence: presenceOf(presence) }),
    ...(changesLabels && { labels: checkLabels.labelChange(labelsToSet, labelsToRemove) }),
  });
}

const modeOf = (number: number) =>
  check.optionalEnum('connection_mode', Instance_ConnectionMode, instance_ConnectionModeToJSON, number);

const presenceOf = (number: number) =>
  check.optionalEnum('presence', Instance_Presence, instance_PresenceToJSON, number);

/** A request that holds nothing but the instance. */
export function decodeInstance({ instance }: { instance: string }) {
  return accept({ instance: check.instanceName('instance', instance) });
}

export const decodeList = (pageOf: PageOf) => (request: ListInstancesRequest, caller: Caller) => ({
  ...accept({
    page: pageOf(ListInstancesRequest, request, caller),
    state: check.optionalEnum('state', Instance_State, instance_StateToJSON, request.state),
    selector: checkLabels.selector(request.labelSelector),
  }),
  content: () => ListInstancesRequest.encode(request).finish(),
});

export const decodeDelete = (request: DeleteInstanceRequest) => ({
  ...accept({
    instance: check.instanceName('instance', request.instance),
    requestId: check.unlessEmpty(request.requestId, check.requestId),
  }),
  etag: request.etag || undefined,
  allowMissing: request.allowMissing,
  content: () => DeleteInstanceRequest.encode({ ...request, requestId: '' }).finish(),
});

export function decodeImport({ instance, source }: ImportInstanceRequest) {
  return accept({ instance: check.instanceName('instance', instance), content: importSource(source) });
}

function importSource(source: ImportInstanceRequest['source']): Checked<Uint8Array> {
  if (!source) return check.required('source', 'baileys_creds');
  const { length } = source.value;
  if (length > 0 && length <= LARGEST_CREDS) return valid(source.value);
  return violation('baileys_creds', 'OUT_OF_RANGE', `baileys_creds must have 1 to ${LARGEST_CREDS} bytes`);
}

export function decodeLink({ instance, method, passkey }: LinkInstanceRequest) {
  const decoded = accept({ instance: check.instanceName('instance', instance), method: linkMethod(method) });
  return { instance: decoded.instance, order: { ...decoded.method, passkey } };
}

export const decodeAssertion = ({ instance, assertionJson }: SubmitPasskeyAssertionRequest) =>
  accept({
    instance: check.instanceName('instance', instance),
    assertionJson: check.notEmpty('assertion_json', assertionJson),
  });

export const decodeConfirmation = ({ instance, code }: ConfirmPasskeyCodeRequest) =>
  accept({
    instance: check.instanceName('instance', instance),
    code: check.notEmpty('code', code.replaceAll('-', '').toUpperCase()),
  });

function linkMethod(method: LinkInstanceRequest['method']): Checked<LinkMethod> {
  if (!method) return check.required('method', 'qr or pairing_code');
  if (method.$case === 'qr') return valid({ kind: 'qr' });
  return together({
    kind: valid('pairing_code' as const),
    phoneNumber: check.phoneNumber('pairing_code.phone_number', method.value.phoneNumber),
  });
}
