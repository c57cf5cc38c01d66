import type { Setting } from './settings-table.js';
import type { Snapshot } from './snapshot.js';

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
  | 'SETTING_NOT_AVAILABLE'
  | 'SETTING_LOCKED'
  | 'INSTANCE_NOT_CONNECTED'
  | 'INSTANCE_LOGGED_OUT'
  | 'INSTANCE_SUSPENDED'
  | 'WHATSAPP_REJECTED'
  | 'WHATSAPP_RATE_LIMITED'
  | 'WHATSAPP_TIMEOUT'
  | 'BLACKLIST_CONFLICT'
  | 'PARTIAL_UPDATE'
  | 'DEADLINE_TOO_SHORT';

/** What became of one requested setting. */
export type Outcome = {
  readonly setting: Setting;
  readonly state: OutcomeState;
  /** Why it FAILED or is UNKNOWN, what stopped the update, or why the rollback failed. */
  readonly reason?: OutcomeReason;
  /** The reason in words. */
  readonly message?: string;
  /** WhatsApp's error code and text, when it sent one. */
  readonly whatsappCode?: number;
  readonly whatsappText?: string;
  /** The wire value read before the update; undefined when it was not reported. */
  readonly previous: string | undefined;
  readonly requested: string;
};

/** The end of an update: an outcome per setting in the order sent, and the settings read back. */
export type UpdateReport = {
  readonly instance: string;
  readonly outcomes: readonly Outcome[];
  /** Undefined when the read-back failed. */
  readonly settings: Snapshot | undefined;
  /** Whether any change left for WhatsApp; such an update must not be retried blindly. */
  readonly sent: boolean;
};

/** What an update does after a change failed. */
export type OnFailure = 'STOP' | 'CONTINUE' | 'ROLL_BACK';
