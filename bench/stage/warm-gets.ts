import {
  type GetPrivacySettingsResponse,
  PrivacyServiceService as Privacy,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Api } from '../../src/cli/client/client.js';

/** GetPrivacySettings with a `max_age` that any snapshot of this run meets. */
export const warmGet = (api: Api, instance: string): Promise<GetPrivacySettingsResponse> =>
  api.call(Privacy.getPrivacySettings, { instance, maxAge: { seconds: 3600n, nanos: 0 } });
