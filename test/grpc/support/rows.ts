import {
  Token_Access as Access,
  Token_Kind as Kind,
} from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { type AnyMethod, shortName } from './methods.js';

/**
 * What tests need to know of a method to call it in every way. A new method gets a row here, and the tests over all
 * methods then demand of it what its comments in `proto` promise.
 */
export type Row = {
  /** `account`: no instance token will do. `one`: the request names an instance, which the token must cover. */
  readonly of: 'account' | 'one' | 'any';
  readonly access: 'read' | 'write';
  /** A valid request for the instance, or for the token with this id. */
  readonly request: (instance: string, token: string) => object;
  /** What makes such a request invalid. */
  readonly invalid: object;
  /** Why such a request is refused to those who may call, where nothing was done before. */
  readonly missing?: string;
};

const hideLastSeen = { visibility: { lastSeen: 4 } };
/** On WhatsApp in every test that asks for it. */
export const CONTACT = '+15550100199';
export const phoneNumber = (value: string) => ({ id: { $case: 'phoneNumber', value } });
const qr = { $case: 'qr', value: {} };

/** A CreateInstanceRequest that leaves all open. */
export const NEW_INSTANCE = {
  name: '',
  displayName: '',
  connectionMode: 0,
  presence: 0,
  proxy: '',
  requestId: '',
  labels: {},
};

const NO_NAME = 'Not A Name!';
const ofInstance = {
  of: 'one',
  request: (instance: string) => ({ instance }),
  invalid: { instance: NO_NAME },
} as const;
const paged = { request: () => ({}), invalid: { pageSize: -1 } };

export const ROWS: Readonly<Record<string, Row>> = {
  'PrivacyService/GetPrivacySettings': { ...ofInstance, access: 'read' },
  'PrivacyService/ListPrivacySettings': { ...paged, of: 'any', access: 'read' },
  'PrivacyService/DescribePrivacySettings': { ...ofInstance, access: 'read' },
  'PrivacyService/UpdatePrivacySettings': {
    ...ofInstance,
    access: 'write',
    request: instance => ({ instance, ...hideLastSeen }),
  },
  'PrivacyService/ApplyPrivacySettings': {
    of: 'one',
    access: 'write',
    request: instance => ({ instances: [instance], ...hideLastSeen }),
    invalid: { instances: [NO_NAME] },
  },
  'PrivacyService/GetApplyResult': {
    of: 'any',
    access: 'read',
    request: () => ({ requestId: '7d0c2a0e-52a1-4b0c-9a3e-3f0f3f3c9d11' }),
    invalid: { requestId: 'none' },
    missing: 'APPLY_NOT_FOUND',
  },
  'PrivacyService/WatchPrivacySettings': {
    of: 'one',
    access: 'read',
    request: instance => ({ instances: [instance] }),
    invalid: { instances: [NO_NAME] },
  },
  'PrivacyService/ListPrivacyChanges': { ...ofInstance, access: 'read' },
  'PrivacyService/GetContactBlacklist': {
    ...ofInstance,
    access: 'read',
    request: instance => ({ instance, setting: 1 }),
  },
  'PrivacyService/UpdateContactBlacklist': {
    ...ofInstance,
    access: 'write',
    request: instance => ({ instance, setting: 1, entriesToAdd: [phoneNumber(CONTACT)] }),
  },
  'InstanceService/CreateInstance': {
    of: 'account',
    access: 'write',
    request: () => ({}),
    invalid: { name: NO_NAME },
  },
  'InstanceService/BatchCreateInstances': {
    of: 'account',
    access: 'write',
    request: () => ({ requests: [NEW_INSTANCE] }),
    invalid: { requests: [] },
  },
  'InstanceService/GetInstance': { ...ofInstance, access: 'read' },
  'InstanceService/ListInstances': { ...paged, of: 'any', access: 'read' },
  'InstanceService/UpdateInstance': {
    ...ofInstance,
    access: 'write',
    request: instance => ({ instance, displayName: 'Desk' }),
  },
  'InstanceService/DeleteInstance': { ...ofInstance, of: 'account', access: 'write' },
  'InstanceService/LinkInstance': {
    ...ofInstance,
    access: 'write',
    request: instance => ({ instance, method: qr }),
  },
  'InstanceService/SubmitPasskeyAssertion': {
    ...ofInstance,
    access: 'write',
    request: instance => ({ instance, assertionJson: '{}' }),
  },
  'InstanceService/ConfirmPasskeyCode': {
    ...ofInstance,
    access: 'write',
    request: instance => ({ instance, code: 'ABCD-1234' }),
  },
  'InstanceService/ImportInstance': {
    ...ofInstance,
    of: 'account',
    access: 'write',
    request: instance => ({ instance, source: { $case: 'baileysCreds', value: Buffer.from('{}') } }),
  },
  'InstanceService/UnlinkInstance': { ...ofInstance, access: 'write' },
  'InstanceService/ReconnectInstance': { ...ofInstance, access: 'write' },
  'TokenService/CreateToken': {
    of: 'account',
    access: 'write',
    request: instance => ({ kind: Kind.INSTANCE, instance, access: Access.READ_WRITE }),
    invalid: { instance: NO_NAME },
  },
  'TokenService/ListTokens': { ...paged, of: 'account', access: 'read' },
  'TokenService/RevokeToken': {
    of: 'account',
    access: 'write',
    request: (_, tokenId) => ({ tokenId }),
    invalid: { tokenId: '' },
  },
  'TokenService/RotateToken': {
    of: 'account',
    access: 'write',
    request: (_, tokenId) => ({ tokenId }),
    invalid: { tokenId: '' },
  },
  'NodeService/ListNodes': { of: 'account', access: 'read', request: () => ({}), invalid: {} },
  'NodeService/ListLeases': { ...paged, of: 'account', access: 'read', missing: 'SINGLE_NODE' },
  'NodeService/DrainNode': {
    of: 'account',
    access: 'write',
    request: () => ({ nodeId: 'some-node' }),
    invalid: { nodeId: '' },
    missing: 'SINGLE_NODE',
  },
  'NodeService/DownloadBackup': { of: 'account', access: 'write', request: () => ({}), invalid: {} },
  'NodeService/GetServerInfo': { of: 'any', access: 'read', request: () => ({}), invalid: {} },
  'NodeService/GetWhatsAppVersion': { of: 'account', access: 'read', request: () => ({}), invalid: {} },
};

/** The row of a method. */
export function rowOf(method: AnyMethod): Row {
  const row = ROWS[shortName(method)];
  if (!row) throw new Error(`${shortName(method)} has no row`);
  return row;
}
