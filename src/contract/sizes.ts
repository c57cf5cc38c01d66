// How much one request may hold.

/** The most bytes of a request's message, decompressed. */
export const LARGEST_MESSAGE = 64 * 1024;

/** The bytes of results after which a page ends early: a client takes 4 MiB unless it is told otherwise. */
export const LARGEST_ANSWER = 3 * 1024 * 1024;

/** The entries of a page whose size was left open. */
export const USUAL_PAGE = 50;

/** The most entries of a page, whatever was asked for. */
export const LARGEST_PAGE = 200;

/** The contacts of a page of a blacklist whose size was left open, and of the answer to a change of one. */
export const USUAL_BLACKLIST_PAGE = 1000;

/** The most contacts of a page of a blacklist, whatever was asked for; a quarter of a megabyte. */
export const LARGEST_BLACKLIST_PAGE = 10_000;

/** The most instances that one call may name. */
export const MOST_INSTANCES = 1000;

/** The most contacts that one call may add, and that it may remove. */
export const MOST_CONTACTS = 1000;

/** The most characters of a display name. */
export const LONGEST_DISPLAY_NAME = 63;

/** The most characters of a certificate's subject. */
export const LONGEST_SUBJECT = 255;

/** The most characters of a proxy's URL. */
export const LONGEST_PROXY = 512;

/** The most bytes of Baileys' `creds.json`; less than a message may have in all. */
export const LARGEST_CREDS = 60_000;
