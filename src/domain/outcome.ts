import type { Setting } from './settings/settings-table.js';
import type { Snapshot } from './settings/snapshot.js';
import type { Change } from './settings/waves.js';

/** How one requested setting ended; the meanings are those of `SettingOutcome.State` in the contract. */
export type OutcomeState =
  | 'APPLIED'
  | 'UNCHANGED'
  | 'FAILED'
  | 'NOT_ATTEMPTED'
  | 'UNKNOWN'
  | 'WOULD_CHANGE'
  | 'ROLLED_BACK';

/** The reasons an outcome can have; each is a reason of the contract too. */
export type OutcomeReason =
  | 'INSTANCE_NOT_LINKED'
  | 'INSTANCE_LOGGED_OUT'
  | 'INSTANCE_SUSPENDED'
  | 'INSTANCE_NOT_CONNECTED'
  | 'SETTING_NOT_AVAILABLE'
  | 'SETTING_LOCKED'
  | 'ETAG_MISMATCH'
  | 'BLACKLIST_CONFLICT'
  | 'RATE_LIMITED'
  | 'WHATSAPP_REJECTED'
  | 'WHATSAPP_RATE_LIMITED'
  | 'WHATSAPP_TIMEOUT'
  | 'CONNECTION_LOST'
  | 'WHATSAPP_UNCLEAR'
  | 'CLIENT_OUTDATED'
  | 'PROXY_FAILED'
  | 'DEADLINE_TOO_SHORT';

/** A reason with what is known about it. */
export type Cause = {
  readonly reason: OutcomeReason;
  /** The reason in words. */
  readonly message: string;
  /** WhatsApp's error code and text, when it sent one. */
  readonly whatsappCode?: number;
  readonly whatsappText?: string;
};

/** What became of one requested setting. */
export type Outcome = {
  readonly setting: Setting;
  readonly state: OutcomeState;
  /** Why it FAILED or is UNKNOWN, what stopped it when NOT_ATTEMPTED, why its rollback failed when APPLIED. */
  readonly cause?: Cause;
  /** The wire value read before the update; undefined when it was not reported. */
  readonly previous: string | undefined;
  readonly requested: string;
  /** How often it was sent once more after its connection had ended; missing for never. */
  readonly resends?: number;
};

/** How a change ended, or stands at this moment. */
export const outcomeOf = (
  { setting, from: previous, to: requested }: Change,
  state: OutcomeState,
  cause?: Cause,
): Outcome => ({ setting, state, previous, requested, ...(cause && { cause }) });

/** The end of an update. */
export type UpdateReport = {
  readonly instance: string;
  /** One per requested setting, in the order sent; those not sent stand last. */
  readonly outcomes: readonly Outcome[];
  /** All settings, read back; undefined when that read failed. */
  readonly settings: Snapshot | undefined;
  /** Whether any change left for WhatsApp. */
  readonly sent: boolean;
};

/** The end of an update of many instances. */
export type ApplyReport = {
  readonly succeededCount: number;
  /** The places of those that did not end as asked in the request, ascending; those not reached are among them. */
  readonly failedIndexes: readonly number[];
};

/** What an update does after a change failed. */
export type OnFailure = 'STOP' | 'CONTINUE' | 'ROLL_BACK';
