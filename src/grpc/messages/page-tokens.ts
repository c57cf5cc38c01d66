import { createCipheriv, createDecipheriv, createHash, createSecretKey, randomBytes } from 'node:crypto';
import { coverage } from '../../access/permits.js';
import type { Principal } from '../../access/tokens.js';
import { LARGEST_PAGE, USUAL_PAGE } from '../../contract/sizes.js';
import type { Method } from '../method.js';
import { type Checked, together, valid, violation } from './checked.js';

/** A page that a caller asks for. */
export type Page = {
  /** How many entries it may have. */
  readonly limit: number;
  /** Where the page before ended; undefined for the first. */
  readonly after: string | undefined;
  /** The token of the page that begins behind this place; empty for none, after the last page. */
  tokenAfter(place: string | undefined): string;
};

/** How many entries a page has when that was left open, and at most. */
type PageSizes = { readonly usual: number; readonly largest: number };

/** What a request of a method with pages has. */
type PagedRequest = { readonly pageSize: number; readonly pageToken: string };

/** Who asks for a page, and of what method. */
type Caller = {
  readonly method: Pick<Method, 'fullName'>;
  readonly principal: Pick<Principal, 'instance' | 'selector'>;
};

/** The page that a request asks for, or what is wrong with its `page_size` and `page_token`. */
export type PageOf = ReturnType<typeof pageTokens>;

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Page tokens as AIP-158 has them: nobody can read or make one, and one is good only for the request that it was given
 * for, from a token that covers the same; `page_size` may differ. They outlive a restart, and hold a place in the order of
 * the entries, so that it does not matter whether the entry there is still there.
 *
 * @param bytes The key that seals them.
 */
export function pageTokens(bytes: Buffer) {
  const key = createSecretKey(bytes);

  function seal(place: string, bound: Buffer): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, key, iv).setAAD(bound);
    const sealed = Buffer.concat([cipher.update(place, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  function open(token: string, bound: Buffer): string | undefined {
    const sealed = Buffer.from(token, 'base64url');
    // Other characters are left out as it is read: a token has one spelling.
    if (sealed.length < IV_BYTES + TAG_BYTES || sealed.toString('base64url') !== token) return undefined;
    const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(bound)
      .setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    try {
      return (
        decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      );
    } catch {
      return undefined;
    }
  }

  return <Request extends PagedRequest>(
    codec: { encode(request: Request): { finish(): Uint8Array } },
    request: Request,
    caller: Caller,
    sizes: PageSizes = { usual: USUAL_PAGE, largest: LARGEST_PAGE },
  ): Checked<Page> => {
    const { pageSize, pageToken } = request;
    const bound = boundTo(caller, codec.encode({ ...request, pageSize: 0, pageToken: '' }).finish());
    const checked = together({
      limit: pageLimit(pageSize, sizes),
      after: pageToken === '' ? valid(undefined) : placeOf(open(pageToken, bound)),
    });
    if (checked.violations) return checked;
    const tokenAfter = (place: string | undefined) => (place === undefined ? '' : seal(place, bound));
    return valid({ ...checked.value, tokenAfter });
  };
}

/** What a page token is good for. */
const boundTo = ({ method, principal }: Caller, request: Uint8Array): Buffer =>
  createHash('sha256')
    .update(`${JSON.stringify([method.fullName, coverage(principal)])}\n`)
    .update(request)
    .digest();

const pageLimit = (size: number, { usual, largest }: PageSizes): Checked<number> =>
  size < 0
    ? violation('page_size', 'OUT_OF_RANGE', 'page_size must not be negative')
    : valid(Math.min(size || usual, largest));

const placeOf = (opened: string | undefined): Checked<string> =>
  opened === undefined
    ? violation(
        'page_token',
        'INVALID_FORMAT',
        'page_token must be the next_page_token of the page before, and the rest of the request the same',
      )
    : valid(opened);
