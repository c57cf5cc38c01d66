/** The most entries of a page, whatever was asked for. */
export const LARGEST_PAGE = 200;

/** The most instances that one call may name. */
export const MOST_INSTANCES = 1000;

/** The most bytes of a request's message, decompressed. */
export const LARGEST_MESSAGE = 64 * 1024;
