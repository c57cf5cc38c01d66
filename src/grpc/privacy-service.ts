import {
  PrivacyServiceService,
  UpdatePrivacySettingsResponse,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { describeSettings } from '../domain/describe.js';
import type { Instances } from '../instances/instances.js';
import { encodeChange, encodeDescriptions, encodeOutcomes, encodeSnapshot } from './codec.js';
import type { InnerStatus } from './errors.js';
import { decodeListSettings, listSettings } from './list-settings.js';
import type { OpenStreams } from './open-streams.js';
import { decodeInstance, decodeListChanges, decodeRead, decodeUpdate } from './privacy-requests.js';
import type { Repeatable } from './repeatable.js';
import type { Stream } from './stream.js';
import type { Unary } from './unary.js';
import { decodeWatch, encodeWatchEvent, WATCHING, watch } from './watch.js';

const UPDATE = PrivacyServiceService.updatePrivacySettings.path.slice(1);

/** The methods of PrivacyService. */
export const privacyService = (
  instances: Instances,
  answerOnce: Repeatable,
  one: Unary,
  many: Stream,
  open: OpenStreams,
  statusOf: InnerStatus,
) => ({
  getPrivacySettings: one({
    decode: decodeRead,
    async handle({ instance, maxAgeMs }, { limits }) {
      const snapshot = await instances.readSettings(instance, maxAgeMs, limits);
      return { settings: encodeSnapshot(snapshot) };
    },
  }),

  listPrivacySettings: one({
    decode: decodeListSettings,
    handle: listSettings(instances, statusOf),
  }),

  describePrivacySettings: one({
    decode: decodeInstance,
    async handle({ instance }, { limits }) {
      const snapshot = await instances.readSettings(instance, undefined, limits);
      return { descriptions: encodeDescriptions(describeSettings(snapshot)) };
    },
  }),

  updatePrivacySettings: one({
    decode: decodeUpdate,
    handle({ instance, digest, ...order }, { principal, limits }) {
      instances.get(instance); // INSTANCE_NOT_FOUND comes before what the request_id stands for.
      const { tokenId, tokenLabel } = principal;
      const request = {
        method: UPDATE,
        scope: instance,
        requestId: order.requestId,
        digest,
        codec: UpdatePrivacySettingsResponse,
      };
      return answerOnce(request, async () => {
        const actor = { tokenId, tokenLabel };
        const report = await instances.updateSettings(instance, { ...order, actor }, limits);
        const settings = report.settings && encodeSnapshot(report.settings);
        return { response: { settings, outcomes: encodeOutcomes(report.outcomes) }, keep: report.sent };
      });
    },
  }),

  watchPrivacySettings: many(WATCHING, {
    decode: decodeWatch,
    handle: watch(instances, open),
    encode: encodeWatchEvent,
  }),

  listPrivacyChanges: one({
    decode: decodeListChanges,
    async handle({ instance, ...page }) {
      const { changes, next } = await instances.listChanges(instance, page);
      return { changes: changes.map(encodeChange), nextPageToken: next ?? '' };
    },
  }),
});
