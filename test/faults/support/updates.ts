import { status } from '@grpc/grpc-js';
import type { SettingOutcome } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  type OnFailure,
  PrivacyServiceService as Privacy,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { PrivacySettings } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { CallError, type Caller, type CallOptions } from '../../support/call.js';
import { requestOf, type Values } from './settings.js';

/** What a caller gets from an update. */
export type Answer = {
  readonly code: status;
  readonly reason: string | undefined;
  /** Undefined when the call ended without any, as one that was cancelled does. */
  readonly outcomes: readonly SettingOutcome[] | undefined;
  readonly settings: PrivacySettings | undefined;
};

export type Order = {
  readonly instance: string;
  readonly wishes: Values;
  readonly onFailure: OnFailure;
  readonly requestId: string;
};

/** Asks for an update; however it ends, its end is data. */
export async function update(
  client: Caller,
  { wishes, ...rest }: Order,
  options: CallOptions,
): Promise<Answer> {
  const request = { ...requestOf(wishes), ...rest };
  try {
    const { outcomes, settings } = await client.call(Privacy.updatePrivacySettings, request, options);
    return { code: status.OK, reason: undefined, outcomes, settings };
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const { code, reason, update: failure } = error;
    return { code, reason, outcomes: failure?.outcomes, settings: failure?.settings };
  }
}
