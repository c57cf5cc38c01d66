import {
  CreateInstanceRequest,
  type DeleteInstanceRequest,
  Instance_ConnectionMode,
  Instance_State,
  type LinkInstanceRequest,
  type ListInstancesRequest,
  type UpdateInstanceRequest,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { nameOf } from '../../contract/enum-names.js';
import type { LinkMethod } from '../../instances/account/ports.js';
import { instanceBefore, pageLimit } from '../messages/pagination.js';
import * as check from '../messages/validate.js';

export function decodeCreate(request: CreateInstanceRequest) {
  const { name, displayName, connectionMode, requestId } = request;
  check.refuse(
    check.unlessEmpty(name, () => check.instanceName('name', name)),
    check.label('display_name', displayName),
    check.unlessEmpty(requestId, check.requestId),
    check.optionalEnum('connection_mode', Instance_ConnectionMode, connectionMode),
  );
  const content = () => CreateInstanceRequest.encode({ ...request, requestId: '' }).finish();
  const properties = { displayName, connectionMode: nameOf(Instance_ConnectionMode, connectionMode) };
  return { name, properties, requestId, content };
}

export function decodeInstanceUpdate({ name, displayName, connectionMode }: UpdateInstanceRequest) {
  const isEmpty = displayName === undefined && connectionMode === undefined;
  check.refuse(
    check.instanceName('name', name),
    isEmpty ? check.violation('', 'REQUIRED', 'At least one property must be provided') : [],
    check.label('display_name', displayName ?? ''),
    check.optionalEnum('connection_mode', Instance_ConnectionMode, connectionMode ?? 0),
  );
  return {
    instance: name,
    changed: {
      ...(displayName !== undefined && { displayName }),
      ...(connectionMode !== undefined && {
        connectionMode: nameOf(Instance_ConnectionMode, connectionMode),
      }),
    },
  };
}

/** A request that holds nothing but the instance's name. */
export function decodeName({ name }: { name: string }) {
  check.refuse(check.instanceName('name', name));
  return { instance: name };
}

export function decodeList({ pageSize, pageToken, state }: ListInstancesRequest) {
  const after = instanceBefore(pageToken);
  check.refuse(
    check.pageSize(pageSize),
    check.pageToken(after),
    check.optionalEnum('state', Instance_State, state),
  );
  return {
    limit: pageLimit(pageSize),
    after: after ?? '',
    state: nameOf(Instance_State, state),
  };
}

export const decodeDelete = (request: DeleteInstanceRequest) => ({
  ...decodeName(request),
  etag: request.etag || undefined,
});

export function decodeLink({ name, method }: LinkInstanceRequest) {
  check.refuse(check.instanceName('name', name), linkMethod(method));
  return { instance: name, method: decodeMethod(method) };
}

const linkMethod = (method: LinkInstanceRequest['method']) =>
  method?.$case === 'pairingCode'
    ? check.phoneNumber('pairing_code.phone_number', method.value.phoneNumber)
    : check.required('method', method, 'qr or pairing_code');

const decodeMethod = (method: LinkInstanceRequest['method']): LinkMethod =>
  method?.$case === 'pairingCode'
    ? { kind: 'pairing_code', phoneNumber: method.value.phoneNumber }
    : { kind: 'qr' };
