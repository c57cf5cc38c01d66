import {
  type PrivacyServiceServer,
  PrivacyServiceService,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { describeSettings } from '../../../domain/settings/describe.js';
import { memoize } from '../../../domain/settings/memoize.js';
import type { Snapshot } from '../../../domain/settings/snapshot.js';
import type { Instances } from '../../../instances/instances.js';
import type { CallSlots } from '../../calls/call-slots.js';
import { digestOf, type Idempotent } from '../../calls/idempotent.js';
import type { Stream } from '../../calls/stream.js';
import type { Unary } from '../../calls/unary.js';
import type { InnerStatus } from '../../errors/statuses.js';
import { encodeDescriptions, encodeSnapshot } from '../../messages/codec.js';
import { encodeChange } from '../../messages/history-codec.js';
import type { PageOf } from '../../messages/page-tokens.js';
import { selectionOf } from '../../messages/selection.js';
import type { Fleet } from '../fleet/fleet.js';
import { listChangeAfterLoss, updateAfterLoss } from './after-loss.js';
import { apply, decodeApply } from './apply.js';
import { updateOfApply } from './apply-one.js';
import type { ApplyRecords } from './apply-records.js';
import { applyResult, decodeApplyResult } from './apply-result.js';
import type { BlacklistPages } from './blacklist-pages.js';
import * as blacklist from './contact-blacklist.js';
import { decodeListSettings, listSettings } from './list-settings.js';
import { decodeInstance, decodeListChanges, decodeRead, decodeUpdate } from './privacy-requests.js';
import { updates } from './update.js';
import { decodeWatch, encodeWatched, watch } from './watch.js';

const { getPrivacySettings } = PrivacyServiceService;

/** The service as the contract defines it; settings that are handed out again are not serialised again. */
export const privacyDefinition = {
  ...PrivacyServiceService,
  getPrivacySettings: {
    ...getPrivacySettings,
    responseSerialize: memoize(getPrivacySettings.responseSerialize),
  },
};

/** The methods of PrivacyService. */
export const privacyService = ({
  instances,
  answerOnce,
  one,
  many,
  openLists,
  statusOf,
  pageOf,
  records,
  lists,
  fleet,
}: {
  readonly instances: Instances;
  readonly answerOnce: Idempotent;
  readonly one: Unary;
  readonly many: Stream;
  readonly openLists: CallSlots;
  readonly statusOf: InnerStatus;
  readonly pageOf: PageOf;
  readonly records: ApplyRecords;
  readonly lists: BlacklistPages;
  readonly fleet: Fleet | undefined;
}): PrivacyServiceServer => {
  const update = updates(instances, answerOnce);
  const settingsOf = memoize((snapshot: Snapshot) => ({ settings: encodeSnapshot(snapshot) }));
  return {
    getPrivacySettings: one({
      decode: decodeRead,
      atOnce({ instance, maxAgeMs }) {
        const snapshot = instances.knownSettings(instance, maxAgeMs);
        return snapshot && settingsOf(snapshot);
      },
      async handle({ instance, maxAgeMs }, { options }) {
        return settingsOf(await instances.readSettings(instance, maxAgeMs, options));
      },
    }),

    listPrivacySettings: one({
      decode: decodeListSettings(pageOf),
      handle: listSettings(instances, statusOf, openLists, fleet),
    }),

    describePrivacySettings: one({
      decode: decodeInstance,
      async handle({ instance }, { options }) {
        const snapshot = await instances.readSettings(instance, undefined, options);
        return { descriptions: encodeDescriptions(describeSettings(snapshot)) };
      },
    }),

    updatePrivacySettings: one({
      afterLoss: updateAfterLoss,
      decode: decodeUpdate,
      handle: ({ instance, content, order }, call) =>
        updateOfApply(update, instance, order, call) ??
        update({ scope: instance, digest: digestOf(call.method, content) }, instance, order, call),
    }),

    applyPrivacySettings: many({
      decode: decodeApply,
      handle: apply(instances, answerOnce, { update, statusOf, fleet }, records),
      encode: response => response,
      endsByItself: true,
      isDetached: order => order.detached,
    }),

    getApplyResult: one({
      decode: decodeApplyResult(pageOf),
      handle: applyResult(instances, records, fleet),
    }),

    watchPrivacySettings: many({
      decode: decodeWatch,
      handle: watch(instances, fleet),
      encode: encodeWatched,
    }),

    listPrivacyChanges: one({
      isAnywhere: true,
      decode: decodeListChanges(pageOf),
      async handle({ filter, names, selector, page, startAfter }, { principal }) {
        const selection = selectionOf(principal, selector, names);
        const query = { ...filter, selection, isAccount: principal.kind === 'ACCOUNT' };
        const { after, limit } = page;
        const { changes, next } = await instances.listChanges(query, { startAfter, after, limit });
        return { changes: changes.map(encodeChange), nextPageToken: page.tokenAfter(next) };
      },
    }),

    getContactBlacklist: one({ decode: blacklist.decodeGet(pageOf), handle: blacklist.read(lists) }),

    updateContactBlacklist: one({
      afterLoss: listChangeAfterLoss,
      decode: blacklist.decodeChange,
      handle: blacklist.change(instances, answerOnce, lists),
    }),
  };
};
