import type { Principal } from '../../access/tokens.js';
import { LARGEST_PAGE, USUAL_PAGE } from '../../contract/sizes.js';
import { INSTANCE_NAME, type Instance, type InstanceState } from '../../domain/instance.js';
import type { Instances } from '../../instances/instances.js';

/** How many entries a page has; 0 stands for the default. */
export const pageLimit = (pageSize: number): number => Math.min(pageSize || USUAL_PAGE, LARGEST_PAGE);

/** The token of the page after the instance of this name. Opaque, so that its content can change. */
const pageTokenAfter = (instance: string): string => Buffer.from(instance).toString('base64url');

/** The instance that ended the page before; empty for the first page, undefined for a token we did not make. */
export function instanceBefore(pageToken: string): string | undefined {
  if (pageToken === '') return '';
  const name = Buffer.from(pageToken, 'base64url').toString();
  return INSTANCE_NAME.test(name) && pageTokenAfter(name) === pageToken ? name : undefined;
}

type InstancePage = {
  readonly after: string;
  readonly limit: number;
  readonly state?: InstanceState | undefined;
};

/** The instances of a page that a token covers, and the token of the next page; empty after the last. */
export function coveredPage(
  instances: Instances,
  principal: Principal,
  { after, limit, state }: InstancePage,
): { instances: Instance[]; nextPageToken: string } {
  if (principal.instance !== undefined) {
    const own = instances.get(principal.instance);
    const isOnPage = own.name > after && [undefined, own.state].includes(state);
    return { instances: isOnPage ? [own] : [], nextPageToken: '' };
  }
  const page = instances.list({ after, limit, state });
  const last = page.instances.at(-1);
  return {
    instances: page.instances,
    nextPageToken: page.more && last ? pageTokenAfter(last.name) : '',
  };
}
