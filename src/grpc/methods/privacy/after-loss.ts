import { SettingOutcome_State as State } from '../../../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  UpdateContactBlacklistRequest,
  UpdateContactBlacklistResponse,
  UpdatePrivacySettingsRequest,
  UpdatePrivacySettingsResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { encodeSetting } from '../../../contract/setting-enums.js';
import { PrivacyError } from '../../../domain/errors.js';
import { type Cause, outcomeOf } from '../../../domain/outcome.js';
import { EXCEPTING } from '../../../domain/settings/contact-list.js';
import { wishedSettings } from '../../../domain/settings/snapshot.js';
import type { Change } from '../../../domain/settings/waves.js';
import { problemOf } from '../../../domain/update-status.js';
import type { FollowUp } from '../../calls/placement.js';
import { decodeChange } from './contact-blacklist.js';
import { decodeUpdate } from './privacy-requests.js';

/*
 * What is said of an update whose node was lost after it had begun. The next node is asked what the same update would
 * change now: nothing where a setting has the value that was asked for, which then is in force. Of every other nobody can
 * say whether WhatsApp has heard of it.
 */

const LOST: Cause = {
  reason: 'CONNECTION_LOST',
  message: 'the node that made the change was lost before it told the outcome',
};

/** A question that changes nothing, is never refused for what was before, and is remembered by no request_id. */
const ASKING = { validateOnly: true, etag: '', requestId: '' } as const;

/** @param isInForce Whether it was seen to be as asked; throws unless all are. */
function refuseUnlessAll(
  instance: string,
  changes: readonly Change[],
  isInForce: (change: Change) => boolean,
): void {
  const outcomes = changes.map(change =>
    isInForce(change) ? outcomeOf(change, 'APPLIED') : outcomeOf(change, 'UNKNOWN', LOST),
  );
  const update = { instance, outcomes, settings: undefined, sent: true };
  const problem = problemOf(update, false, 0);
  if (problem) throw new PrivacyError(problem, { update });
}

export const updateAfterLoss: FollowUp<UpdatePrivacySettingsRequest, UpdatePrivacySettingsResponse> = {
  request: UpdatePrivacySettingsRequest,
  response: UpdatePrivacySettingsResponse,
  ask: request => ({ ...request, ...ASKING }),
  tell(request, seen) {
    const { instance, order } = decodeUpdate(request);
    const { settings, outcomes } = 'response' in seen ? seen.response : { settings: undefined, outcomes: [] };
    const asAsked = new Set(
      outcomes.filter(({ state }) => state === State.UNCHANGED).map(({ setting }) => setting),
    );
    const changes = wishedSettings(order.wishes).map(setting => ({
      setting,
      from: undefined,
      to: String(order.wishes[setting]),
    }));
    refuseUnlessAll(instance, changes, ({ setting }) => asAsked.has(encodeSetting(setting)));
    // What was before is not known any more.
    const applied = outcomes.map(outcome => ({ ...outcome, state: State.APPLIED, previousValue: '' }));
    return { settings, outcomes: applied };
  },
};

export const listChangeAfterLoss: FollowUp<UpdateContactBlacklistRequest, UpdateContactBlacklistResponse> = {
  request: UpdateContactBlacklistRequest,
  response: UpdateContactBlacklistResponse,
  ask: request => ({ ...request, ...ASKING }),
  tell(request, seen) {
    const { instance, order } = decodeChange(request);
    const response = 'response' in seen ? seen.response : undefined;
    const outcome = response?.outcome;
    const isAsAsked = outcome?.state === State.UNCHANGED;
    refuseUnlessAll(instance, [{ setting: order.setting, from: undefined, to: EXCEPTING }], () => isAsAsked);
    return {
      ...(response as UpdateContactBlacklistResponse),
      outcome: outcome && { ...outcome, state: State.APPLIED, previousValue: '' },
    };
  },
};
