import type { ErrorReason, SettingOutcome } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import { detailsOf } from './details.js';

/** The name of a reason; a newer service may have others than these. */
export type Reason = Exclude<keyof typeof ErrorReason, 'UNSPECIFIED'> | (string & Record<never, never>);

const DOMAIN = 'wa-privacy';

/** Why it failed, such as `PARTIAL_UPDATE`; undefined where it was not this service that answered. */
export function reasonOf(failure: unknown): Reason | undefined {
  const info = detailsOf(failure)['google.rpc.ErrorInfo'];
  return info?.domain === DOMAIN ? info.reason : undefined;
}

/** What became of each setting of an update that failed; empty where nothing was tried. */
export const outcomesOf = (failure: unknown): readonly SettingOutcome[] =>
  detailsOf(failure)['whatsapp.privacy.v1.PrivacyUpdateFailure']?.outcomes ?? [];

/** After how many milliseconds to call again; undefined where a repetition changes nothing. */
export function retryDelayMsOf(failure: unknown): number | undefined {
  const delay = detailsOf(failure)['google.rpc.RetryInfo']?.retryDelay;
  return delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6;
}
