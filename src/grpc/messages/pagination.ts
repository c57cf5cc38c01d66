import type { Principal } from '../../access/tokens.js';
import type { Instance, InstanceState } from '../../domain/instance.js';
import type { Selector } from '../../domain/labels/selector.js';
import type { Instances } from '../../instances/instances.js';
import type { Page } from './page-tokens.js';
import { selectionOf } from './selection.js';

type InstancePage = {
  readonly page: Page;
  readonly state?: InstanceState | undefined;
  readonly selector: Selector;
};

/** The instances of a page that a token covers, and the token of the next page; empty after the last. */
export function coveredPage(
  instances: Instances,
  principal: Principal,
  { page, state, selector }: InstancePage,
): { instances: Instance[]; nextPageToken: string } {
  const { after = '', limit } = page;
  const found = instances.list({ after, limit, state }, selectionOf(principal, selector));
  return {
    instances: found.instances,
    nextPageToken: page.tokenAfter(found.more ? found.instances.at(-1)?.name : undefined),
  };
}
