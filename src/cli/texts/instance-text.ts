import {
  type Instance,
  Instance_ConnectionMode,
  Instance_OfflineQueue,
  Instance_Presence,
  Instance_State,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { nameOf } from '../../contract/enum-names.js';
import { fields } from '../terminal/output.js';
import { labelsText } from './labels-text.js';

/** The name of a state, also of one newer than this build. */
export const stateName = (state: Instance_State): string => Instance_State[state] ?? `number ${state}`;

/** An instance in lines; what it has not is left out. */
export const instanceText = (instance: Instance | undefined): string =>
  fields([
    ['name', instance?.name],
    ['display name', instance?.displayName],
    ['state', instance && stateName(instance.state)],
    ['reason', instance?.stateReason],
    ['phone number', instance?.maskedPhoneNumber],
    ['created', instance?.createTime?.toISOString()],
    ['linked', instance?.linkTime?.toISOString()],
    ['last connected', instance?.lastConnectTime?.toISOString()],
    ['next attempt', instance?.nextAttemptTime?.toISOString()],
    ['connection mode', instance && modeText(instance.connectionMode)],
    ['proxy', instance?.proxy],
    ['offline queue', instance && nameOf(Instance_OfflineQueue, instance.offlineQueue)?.toLowerCase()],
    ['presence', instance && nameOf(Instance_Presence, instance.presence)?.toLowerCase()],
    ['last presence', instance?.lastPresenceTime?.toISOString()],
    ['labels', instance && labelsText(instance.labels)],
    ['etag', instance?.etag],
  ]);

const modeText = (mode: Instance_ConnectionMode): string | undefined =>
  nameOf(Instance_ConnectionMode, mode)?.toLowerCase();
