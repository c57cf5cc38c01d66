import { ErrorReason, SettingOutcome_State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  Instance_ConnectionMode,
  Instance_OfflineQueue,
  Instance_Presence,
  Instance_State,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import * as service from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { Token_Access, Token_Kind } from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import type { TokenRecord } from '../../access/ports.js';
import type { NamesOf, Same } from '../../contract/enum-names.js';
import type { Reason } from '../../domain/errors.js';
import type { ConnectionMode, InstanceState, OfflineQueueState, Presence } from '../../domain/instance.js';
import type { OnFailure, OutcomeState } from '../../domain/outcome.js';
import type { NotWritableReason } from '../../domain/settings/describe.js';
import type { ChangeKind, Origin } from '../../instances/ports/history.js';

// The domain's names and the contract's are the same. What is on one side only does not compile.
true satisfies Same<InstanceState, NamesOf<typeof Instance_State>>;
true satisfies Same<ConnectionMode, NamesOf<typeof Instance_ConnectionMode>>;
true satisfies Same<OfflineQueueState, NamesOf<typeof Instance_OfflineQueue>>;
true satisfies Same<Presence, NamesOf<typeof Instance_Presence>>;
true satisfies Same<OutcomeState, NamesOf<typeof SettingOutcome_State>>;
true satisfies Same<OnFailure, NamesOf<typeof service.OnFailure>>;
true satisfies Same<NotWritableReason, NamesOf<typeof service.SettingDescription_NotWritableReason>>;
true satisfies Same<Origin, NamesOf<typeof service.Origin>>;
true satisfies Same<ChangeKind, NamesOf<typeof service.PrivacyChange_Kind>>;
true satisfies Same<TokenRecord['kind'], NamesOf<typeof Token_Kind>>;
true satisfies Same<TokenRecord['access'], NamesOf<typeof Token_Access>>;
// INTERNAL is not a problem callers can act on.
true satisfies Same<Reason | 'INTERNAL', NamesOf<typeof ErrorReason>>;

export const encodeInstanceState = (state: InstanceState) => Instance_State[state];
export const encodeConnectionMode = (mode: ConnectionMode | undefined) =>
  Instance_ConnectionMode[mode ?? 'UNSPECIFIED'];
export const encodeOfflineQueue = (state: OfflineQueueState | undefined) =>
  Instance_OfflineQueue[state ?? 'UNSPECIFIED'];
export const encodePresence = (presence: Presence | undefined) =>
  Instance_Presence[presence ?? 'UNSPECIFIED'];
export const encodeOutcomeState = (state: OutcomeState) => SettingOutcome_State[state];
export const encodeReason = (reason: Reason | undefined) => ErrorReason[reason ?? 'UNSPECIFIED'];
export const encodeOrigin = (origin: Origin | undefined) => service.Origin[origin ?? 'UNSPECIFIED'];
export const encodeChangeKind = (kind: ChangeKind) => service.PrivacyChange_Kind[kind];
export const encodeNotWritable = (reason: NotWritableReason | undefined) =>
  service.SettingDescription_NotWritableReason[reason ?? 'UNSPECIFIED'];
export const encodeTokenKind = (kind: TokenRecord['kind']) => Token_Kind[kind];
export const encodeTokenAccess = (access: TokenRecord['access']) => Token_Access[access];
