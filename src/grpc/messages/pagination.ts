import type { Principal } from '../../access/tokens.js';
import type { Instance, InstanceState } from '../../domain/instance.js';
import type { Instances } from '../../instances/instances.js';
import type { Page } from './page-tokens.js';

/** The instances of a page that a token covers, and the token of the next page; empty after the last. */
export function coveredPage(
  instances: Instances,
  principal: Principal,
  { page, state }: { readonly page: Page; readonly state?: InstanceState | undefined },
): { instances: Instance[]; nextPageToken: string } {
  const { after = '', limit } = page;
  if (principal.instance !== undefined) {
    const own = instances.get(principal.instance);
    const isOnPage = own.name > after && [undefined, own.state].includes(state);
    return { instances: isOnPage ? [own] : [], nextPageToken: '' };
  }
  const found = instances.list({ after, limit, state });
  return {
    instances: found.instances,
    nextPageToken: page.tokenAfter(found.more ? found.instances.at(-1)?.name : undefined),
  };
}
