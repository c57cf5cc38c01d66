import { LastSeenVisibility } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Instances } from '../../../src/instances/instances.js';
import type { CallOptions } from '../../../src/instances/ports/orders.js';
import { startApi } from './api.js';

/** How many instances of one call are updated at the same time, where nothing else goes on. */
export const AT_ONCE = 128;
/** The same where the processor has no room for more. */
export const AT_LEAST = 16;

export const hideLastSeen = { visibility: { lastSeen: LastSeenVisibility.NONE } };

type ApiOptions = Parameters<typeof startApi>[0];

/** An API with so many instances, and what their updates do first; `begun` are those that were begun. */
export async function fleet(
  size: number,
  update?: (name: string, limits: CallOptions) => Promise<void>,
  options: ApiOptions = {},
) {
  const api = await startApi(options);
  const instances = Array.from({ length: size }, (_, index) => `desk-${String(index).padStart(4, '0')}`);
  for (const name of instances) await api.instances.create({ name, displayName: '' }, {});
  const begun: string[] = [];
  const really = api.instances.updateSettings;
  const updateSettings: Instances['updateSettings'] = async (name, order, limits) => {
    begun.push(name);
    await update?.(name, limits);
    return really(name, order, limits);
  };
  Object.assign(api.instances, { updateSettings });
  return { api, instances, begun };
}
